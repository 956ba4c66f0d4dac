// A whole farm: everything that lives longer than the program.
#pragma once

#include <cstdint>

#include "model/random.hpp"
#include "sim/chronicle.hpp"
#include "sim/cloud.hpp"
#include "sim/disk.hpp"
#include "sim/jobs.hpp"
#include "sim/journal.hpp"
#include "sim/pace.hpp"
#include "sim/queue_runner.hpp"
#include "sim/trouble.hpp"
#include "sim/virtual_clock.hpp"
#include "sim/witness.hpp"

namespace hydra_provisioner::sim {

struct FarmSetup {
  std::uint64_t seed = 0;
  QueueRunnerStyle style{};
  Pace pace{};
  Keeps keeps = Keeps::hash;
  Time start = std::chrono::sys_days{std::chrono::year{2026} / 1 / 15} + std::chrono::hours{12};
};

struct Farm {
  Farm(const FarmSetup& setup, Witness& observer)
      : witness(observer),
        timeline(setup.start),
        chronicle(timeline, setup.keeps),
        pace(setup.pace),
        cloud(timeline, chronicle, trouble, pace, observer, Random(setup.seed + 1)),
        jobs(timeline, chronicle, cloud, trouble, pace, observer, Random(setup.seed + 2)),
        queue(setup.style, timeline, chronicle, cloud, disk, observer, Random(setup.seed + 3)),
        delays(setup.seed + 4) {}

  Witness& witness;
  Timeline timeline;
  Chronicle chronicle;
  Pace pace;
  Trouble trouble;
  Disk disk;
  JournalStore journal;
  Cloud cloud;
  JobTable jobs;
  QueueRunner queue;
  Random delays;  // of answers to the program
};

}  // namespace hydra_provisioner::sim
