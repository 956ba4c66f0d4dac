#include "tests/simulation/hosts.hpp"

namespace hydra_provisioner::simulation {

Hosts::Hosts(sim::Farm& farm, const Scenario& scenario, Invariants& invariants, Mutation mutation)
    : farm_(farm), invariants_(invariants), configuration_(scenario) {
  for (const Seconds error : scenario.clock_errors) hosts_.emplace_back(farm, invariants, hosts_.size(), error);
  for (Host& host : hosts_) programs_.emplace_back(farm, scenario, host, configuration_, invariants, mutation);
}

void Hosts::go_on() {
  for (Program& program : programs_) program.go_on();
}

void Hosts::let_stand_still(std::int64_t which, std::int64_t count, Seconds duration) {
  program(which).stand_still_after(count, [this, &host = host(which), duration] { stand_still(host, duration); });
}

// Called by a program that is going on: it does so when this returns. The others do not notice.
void Hosts::stand_still(const Host& host, Seconds duration) {
  farm_.chronicle.add("program: that of {} stands still for {} s", host.name(), duration.count());
  const sim::Time until = farm_.timeline.now() + duration;
  farm_.timeline.at(until, [] {});
  ++standing_;
  while (farm_.timeline.now() < until && !faults_have_ended_ && !invariants_.violation()) {
    go_on();
    farm_.timeline.go_on();
  }
  --standing_;
  farm_.chronicle.add("program: that of {} goes on", host.name());
}

void Hosts::end_faults() {
  faults_have_ended_ = true;
  for (Host& host : hosts_) host.cuts = {};
}

std::int64_t Hosts::passes() const {
  std::int64_t passes = 0;
  for (const Program& program : programs_) passes += program.passes();
  return passes;
}

}  // namespace hydra_provisioner::simulation
