// Reads the state of the queue.
#pragma once

#include <memory>
#include <string>
#include <vector>

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

// While another source fails, it is asked more and more rarely, every 30 s at last: one that hangs must not hold up all
// passes. In between, its last answer holds.
class RarelyAsked final : public QueueSource {
 public:
  RarelyAsked(std::unique_ptr<QueueSource> source, io::Clock& clock);
  io::Task<Queue> read() override;

 private:
  std::unique_ptr<QueueSource> source_;
  io::Clock& clock_;
  Seconds pause_{0};  // after the last failure; 0: it did not fail
  Instant asked_at_;  // or rather, when it had answered
  std::string why_;   // the last failure
};

}  // namespace hydra_provisioner::observe
