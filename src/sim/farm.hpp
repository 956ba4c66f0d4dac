// A whole simulated farm: everything that outlives the program.
#pragma once

#include <cstdint>

#include "model/random.hpp"
#include "sim/cloud.hpp"
#include "sim/conditions.hpp"
#include "sim/events.hpp"
#include "sim/jobs.hpp"
#include "sim/queue_runner.hpp"
#include "sim/shared_database.hpp"
#include "sim/storage.hpp"
#include "sim/virtual_clock.hpp"

namespace hydra_provisioner::sim {

struct FarmSetup {
  std::uint64_t seed = 0;
  QueueRunnerStyle style{};
  Pace pace{};
  ChronicleDetail detail = ChronicleDetail::hash;
  Time start = std::chrono::sys_days{std::chrono::year{2026} / 1 / 15} + std::chrono::hours{12};
};

struct Farm {
  Farm(const FarmSetup& setup, Observer& observer)
      : observer(observer),
        seed(setup.seed),
        timeline(setup.start),
        chronicle(timeline, setup.detail),
        pace(setup.pace),
        cloud(timeline, chronicle, faults, pace, observer, Random(setup.seed + 1)),
        jobs(timeline, chronicle, cloud, faults, pace, observer, Random(setup.seed + 2)),
        database(timeline, chronicle, journal, observer),
        queue(setup.style, timeline, chronicle, cloud, disk, observer, Random(setup.seed + 3)),
        delays(setup.seed + 4) {}

  Observer& observer;
  std::uint64_t seed;
  Timeline timeline;
  Chronicle chronicle;
  Pace pace;
  Faults faults;
  Disk disk;
  JournalStore journal;
  Cloud cloud;
  JobTable jobs;            // of the only host
  SharedDatabase database;  // which has the journal, if hosts share it
  QueueRunner queue;
  Random delays;  // of answers to the program
};

}  // namespace hydra_provisioner::sim
