// `hydra-queue-runner --status` of a simulated queue runner: its document as text, read by the program's own reader.
#pragma once

#include <deque>
#include <string>

#include "observe/queue_source.hpp"
#include "sim/queue_runner.hpp"
#include "sim/trouble.hpp"
#include "sim/virtual_clock.hpp"

namespace hydra_provisioner::sim {

class SimQueueSource final : public QueueSource {
 public:
  SimQueueSource(const QueueRunner& runner, Life& life, Timeline& timeline, const Trouble& trouble)
      : runner_(runner), life_(life), timeline_(timeline), clock_(timeline, life), trouble_(trouble) {}

  Task<Queue> read() override;

 private:
  const QueueRunner& runner_;
  Life& life_;
  Timeline& timeline_;
  VirtualClock clock_;
  const Trouble& trouble_;
};

}  // namespace hydra_provisioner::sim
