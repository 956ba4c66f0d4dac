// Reads the state of the queue.
#pragma once

#include "io/async/clock.hpp"
#include "io/async/task.hpp"
#include "model/config.hpp"
#include "model/queue.hpp"

namespace hydra_provisioner::observe {

class QueueSource {
 public:
  virtual ~QueueSource() = default;
  virtual io::Task<Queue> read() = 0;  // every failure is an Untrusted
};

// Runs the configured status command (`hydra-queue-runner --status`, or one that asks another host).
class StatusCommand final : public QueueSource {
 public:
  StatusCommand(const Config& config, io::Clock& clock);
  io::Task<Queue> read() override;

 private:
  std::vector<std::string> command_;
  Seconds timeout_;
  io::Clock& clock_;
};

}  // namespace hydra_provisioner::observe
