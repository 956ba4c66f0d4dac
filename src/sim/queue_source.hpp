// `hydra-queue-runner --status` of a simulated queue runner.
#pragma once

#include <cstdint>

#include "observe/queue_source.hpp"
#include "sim/queue_runner.hpp"
#include "sim/trouble.hpp"
#include "sim/virtual_clock.hpp"

namespace hydra_provisioner::sim {

// How its document comes: as text, read by the program's own reader, or as what the reader makes of it, which is quick.
enum class Told : std::uint8_t { as_text, as_read };

class SimQueueSource final : public observe::QueueSource {
 public:
  SimQueueSource(const QueueRunner& runner, Life& life, Timeline& timeline, const Trouble& trouble,
                 Told told = Told::as_text)
      : runner_(runner), life_(life), timeline_(timeline), clock_(timeline, life), trouble_(trouble), told_(told) {}

  io::Task<Queue> read() override;

 private:
  const QueueRunner& runner_;
  Life& life_;
  Timeline& timeline_;
  VirtualClock clock_;
  const Trouble& trouble_;
  Told told_;
};

}  // namespace hydra_provisioner::sim
