// A host on which the program runs: what of it outlives the program there.
#pragma once

#include <cstdint>
#include <string>

#include "sim/conditions.hpp"
#include "sim/farm.hpp"
#include "sim/jobs.hpp"
#include "tests/simulation/invariants.hpp"

namespace hydra_provisioner::simulation {

class Host {
 public:
  Host(sim::Farm& farm, Invariants& invariants, std::size_t number, Seconds clock_error);

  std::size_t number() const { return number_; }  // from 0
  std::string name() const { return names_of_hosts.at(number_); }
  Seconds clock_error() const { return clock_error_; }
  sim::JobTable& jobs() { return jobs_; }

  sim::Cuts cuts;

 private:
  Expected<void> confirm(const sim::Farm& farm, const state::Lead& lead) const;

  std::size_t number_;
  Seconds clock_error_;
  WatchedHost observer_;
  sim::JobTable jobs_;
};

}  // namespace hydra_provisioner::simulation
