// Where the queue's state comes from.
#pragma once

#include "io/clock.hpp"
#include "io/task.hpp"
#include "model/config.hpp"
#include "model/queue.hpp"

namespace hydra_provisioner {

class QueueSource {
 public:
  virtual ~QueueSource() = default;
  virtual Task<Queue> read() = 0;  // never fails otherwise than by being untrusted
};

// Runs the configured status command (`hydra-queue-runner --status`, or one that asks another host).
class StatusCommand final : public QueueSource {
 public:
  StatusCommand(const Config& config, Clock& clock);
  Task<Queue> read() override;

 private:
  std::vector<std::string> command_;
  Seconds timeout_;
  Clock& clock_;
};

}  // namespace hydra_provisioner
