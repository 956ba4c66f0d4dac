// One run: a scenario from its beginning until the farm has come to rest.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tests/simulation/mutations.hpp"
#include "tests/simulation/schedule.hpp"

namespace hydra_provisioner::simulation {

struct Outcome {
  std::optional<std::string> violation;
  std::string stuck;       // why the farm came to rest only after a restart of the queue runner; empty: it needed none
  std::uint64_t hash = 0;  // of the lines
  std::int64_t passes = 0;
  std::vector<std::string> lines;  // everything that happened, if `keeps_chronicle`
};

struct Terms {
  Mutation mutation = Mutation::none;
  bool is_strict = false;  // the queue runner is not restarted to bring the farm to rest
  bool keeps_chronicle = false;
};

Outcome run(const Scenario& scenario, const Terms& terms);

}  // namespace hydra_provisioner::simulation
