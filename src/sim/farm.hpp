// A whole farm: everything that lives longer than the program.
#pragma once

#include <cstdint>

#include "sim/chronicle.hpp"
#include "sim/cloud.hpp"
#include "sim/disk.hpp"
#include "sim/jobs.hpp"
#include "sim/journal.hpp"
#include "sim/queue_runner.hpp"
#include "sim/random.hpp"
#include "sim/trouble.hpp"
#include "sim/virtual_clock.hpp"
#include "sim/witness.hpp"

namespace hydra_provisioner::sim {

struct Farm {
  static constexpr Instant noon = std::chrono::sys_days{std::chrono::year{2026} / 1 / 15} + std::chrono::hours{12};

  Farm(std::uint64_t seed, QueueRunnerStyle style, Witness& witness, bool keeps_chronicle)
      : timeline(noon),
        chronicle(timeline, keeps_chronicle),
        cloud(timeline, chronicle, trouble, Random(seed + 1)),
        jobs(timeline, chronicle, cloud, trouble, witness, Random(seed + 2)),
        queue(style, timeline, chronicle, cloud, disk, witness, Random(seed + 3)) {}

  Timeline timeline;
  Chronicle chronicle;
  Trouble trouble;
  Disk disk;
  JournalStore journal;
  Cloud cloud;
  JobTable jobs;
  QueueRunner queue;
};

}  // namespace hydra_provisioner::sim
