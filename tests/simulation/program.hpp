// The program on one host of a simulated farm: as a daemon, or started by cron every five minutes; killed, and started
// again.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "app/own_journal.hpp"
#include "pass/pass.hpp"
#include "sim/farm.hpp"
#include "tests/simulation/configuration.hpp"
#include "tests/simulation/host.hpp"
#include "tests/simulation/invariants.hpp"
#include "tests/simulation/mutations.hpp"
#include "tests/simulation/schedule.hpp"

namespace hydra_provisioner::simulation {

class Program {
 public:
  Program(sim::Farm& farm, const Scenario& scenario, Host& host, Configuration& configuration, Invariants& invariants,
          Mutation mutation);
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program();

  // Runs until it waits for time to pass.
  void go_on();
  // kill -9 after this many waypoints from now. It is started again after `down`, or when cron does it.
  void die_after(std::int64_t waypoints, Seconds down = usual_restart);
  // At that waypoint it calls this, and goes on when that returns.
  void stand_still_after(std::int64_t waypoints, std::function<void()> meanwhile);

  std::int64_t passes() const { return passes_; }

 private:
  static constexpr Seconds usual_restart{5};  // of a service that died
  struct Generation;

  void begin();
  void end();
  void be_started_again();
  io::Task<void> run(Generation& generation);
  io::Task<void> run_daemon(Generation& generation);
  io::Task<void> run_once(Generation& generation);
  io::Task<Expected<app::OwnJournal::Turn>> take_turn(Generation& generation, const Config& config);
  io::Task<pass::PassEnd> pass(Generation& generation, const Config& config, const app::OwnJournal::Turn& turn,
                               Seconds patience);
  void open_journal(Generation& generation);
  pass::World make_world(Generation& generation);

  sim::Farm& farm_;
  const Scenario& scenario_;
  Host& host_;
  Configuration& configuration_;
  Invariants& invariants_;
  Mutation mutation_;
  Seconds down_ = usual_restart;
  bool is_going_on_ = false;  // also while it stands still
  std::int64_t passes_ = 0;
  std::unique_ptr<Generation> generation_;  // null while it does not run
};

}  // namespace hydra_provisioner::simulation
