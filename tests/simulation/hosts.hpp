// All hosts with their programs. One has its journal for itself; several share one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>

#include "sim/farm.hpp"
#include "tests/simulation/configuration.hpp"
#include "tests/simulation/host.hpp"
#include "tests/simulation/invariants.hpp"
#include "tests/simulation/mutations.hpp"
#include "tests/simulation/program.hpp"
#include "tests/simulation/schedule.hpp"

namespace hydra_provisioner::simulation {

class Hosts {
 public:
  Hosts(sim::Farm& farm, const Scenario& scenario, Invariants& invariants, Mutation mutation);

  // Until all programs wait for time to pass.
  void go_on();

  Configuration& configuration() { return configuration_; }
  Host& host(std::int64_t which) { return hosts_.at(index(which)); }
  Program& program(std::int64_t which) { return programs_.at(index(which)); }
  // Its program, at its `count`th waypoint from now; the others go on.
  void let_stand_still(std::int64_t which, std::int64_t count, Seconds duration);
  void end_faults();
  bool any_stands_still() const { return standing_ > 0; }
  std::int64_t passes() const;

 private:
  std::size_t index(std::int64_t which) const { return static_cast<std::size_t>(which) % hosts_.size(); }
  void stand_still(const Host& host, Seconds duration);

  sim::Farm& farm_;
  Invariants& invariants_;
  Configuration configuration_;
  std::deque<Host> hosts_;
  std::deque<Program> programs_;
  int standing_ = 0;  // how many programs stand still
  bool faults_have_ended_ = false;
};

}  // namespace hydra_provisioner::simulation
