// Somebody who is told what happens in a simulated farm.
#pragma once

#include <string>

#include "act/jobs.hpp"
#include "model/machine.hpp"

namespace hydra_provisioner::sim {

struct SimInstance;

class Witness {
 public:
  virtual ~Witness() = default;
  virtual void operation_begins(const JobRequest& request, bool another_runs) = 0;
  // Just before it is so.
  virtual void instance_goes_off(const SimInstance& instance, Operation by) = 0;
  virtual void file_was_written(const std::string& content) = 0;
  virtual void file_was_lost() = 0;
  virtual void file_was_rejected(const std::string& why) = 0;  // by the queue runner
  virtual void step_was_aborted(const std::string& type) = 0;  // as unsupported
};

}  // namespace hydra_provisioner::sim
