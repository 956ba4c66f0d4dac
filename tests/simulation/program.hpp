// The program in a simulated farm: as a daemon, or started by cron every five minutes; killed, and started again.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "sim/farm.hpp"
#include "tests/simulation/invariants.hpp"
#include "tests/simulation/mutations.hpp"
#include "tests/simulation/schedule.hpp"

namespace hydra_provisioner::simulation {

class Program {
 public:
  Program(sim::Farm& farm, const Scenario& scenario, Invariants& invariants, Mutation mutation);
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program();

  // Runs until it waits for time to pass.
  void go_on();
  // kill -9 after this many waypoints from now.
  void die_after(std::int64_t waypoints);

  // The pools of the configuration. A change is in force from the next pass on.
  std::vector<PoolSetup>& pools() { return pools_; }
  void has_new_configuration() { is_configuration_new_ = true; }

  std::int64_t passes() const { return passes_; }

 private:
  struct Generation;

  void begin();
  void end();
  io::Task<void> run(Generation& generation);
  io::Task<void> run_daemon(Generation& generation);
  io::Task<void> run_once(Generation& generation, Seconds patience);
  pass::World make_world(Generation& generation);
  const Config& read_configuration();

  sim::Farm& farm_;
  const Scenario& scenario_;
  Invariants& invariants_;
  Mutation mutation_;
  std::vector<PoolSetup> pools_;
  Config config_;
  bool is_configuration_new_ = true;
  std::int64_t passes_ = 0;
  std::unique_ptr<Generation> generation_;  // null while it does not run
};

}  // namespace hydra_provisioner::simulation
