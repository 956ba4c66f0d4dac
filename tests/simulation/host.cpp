#include "tests/simulation/host.hpp"

namespace hydra_provisioner::simulation {

Host::Host(sim::Farm& farm, Invariants& invariants, std::size_t number, Seconds clock_error)
    : number_(number),
      clock_error_(clock_error),
      observer_(invariants, number),
      jobs_(farm.timeline, farm.chronicle, farm.cloud, farm.faults, farm.pace, observer_,
            Random(farm.seed + 2 + 1'000'003 * number), cuts,
            [this, &farm](const state::Lead& lead) { return confirm(farm, lead); }) {
  invariants.watch(jobs_);
}

Expected<void> Host::confirm(const sim::Farm& farm, const state::Lead& lead) const {
  if (farm.timeline.now() < cuts.from_database || !farm.database.is_up())
    return failure("not carried out, because the journal does not say whether this host still leads");
  return farm.database.confirm(lead);
}

}  // namespace hydra_provisioner::simulation
