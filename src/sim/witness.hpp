// Somebody who is told what happens in a simulated farm.
#pragma once

#include <cstdint>
#include <string>

#include "act/jobs.hpp"
#include "model/machine.hpp"

namespace hydra_provisioner::sim {

struct SimInstance;

enum class StepEnd : std::uint8_t { done, failed, given_up };  // the queue runner tries a failed one again

class Witness {
 public:
  virtual ~Witness() = default;
  virtual void operation_begins(const act::JobRequest& request, bool another_runs) = 0;
  // Just before it is so.
  virtual void instance_goes_off(const SimInstance& instance, Operation by) = 0;
  virtual void file_was_written(const std::string& content) = 0;
  virtual void file_was_lost() = 0;
  virtual void file_was_rejected(const std::string& why) = 0;  // by the queue runner
  virtual void step_was_aborted(const std::string& type) = 0;  // as unsupported

  // Just before its result is.
  virtual void operation_is_forgotten(const JobState&) {}

  // What only an observer of all that happens needs.
  virtual void instance_was_made(const SimInstance&) {}
  virtual void instance_changed_power(const SimInstance&) {}
  virtual void instance_ended(const SimInstance&, bool /*was_taken_away*/) {}
  virtual void machine_was_listed(const std::string& /*address*/, bool /*is_now*/) {}  // as the queue runner knows it
  virtual void step_began(std::int64_t /*step*/, const std::string& /*address*/) {}
  virtual void step_ended(std::int64_t /*step*/, const std::string& /*address*/, StepEnd /*how*/) {}
};

}  // namespace hydra_provisioner::sim
