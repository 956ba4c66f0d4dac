// Arbitrary farms, hostile ones included: whatever a journal, a provider and a queue runner could say.
#pragma once

#include <iosfwd>
#include <string>

#include <rapidcheck.h>

#include "model/config.hpp"
#include "model/plan.hpp"
#include "model/snapshot.hpp"

namespace hydra_provisioner::decide {

struct AnyFarm {
  Snapshot seen;
  Config config;
};

// What a snapshot promises holds, and nothing else: ids are unique and below next_number, machines are in their order,
// each has a pool, and one that is listed was listed for a first time.
rc::Gen<AnyFarm> any_farm();
rc::Gen<AnyFarm> any_farm_with_trusted_status();
rc::Gen<AnyFarm> any_farm_with_untrusted_status();

void showValue(const AnyFarm& farm, std::ostream& out);

// A plan with all that it says.
std::string in_full(const Plan& plan);

}  // namespace hydra_provisioner::decide
