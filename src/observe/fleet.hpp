// Our machines: what the journal remembers, what the providers say exists, and what the jobs of earlier passes came to.
// The provider is right about what exists, the journal about what was meant.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "model/error.hpp"
#include "model/instance.hpp"
#include "model/job.hpp"
#include "model/machine.hpp"
#include "model/time.hpp"

namespace hydra_provisioner::observe {

// What each provider said; an error means that nothing is known of its machines.
using Listings = std::map<ProviderKind, Expected<Inventory>>;

// Something that became known about a machine.
struct Discovery {
  MachineId machine;
  MachineEvent event;
  std::string reason;
};

// For machines that bear none of our ids.
struct Numbering {
  Tag tag;
  std::int64_t next = 0;  // greater than that of any machine there ever was
};

struct Fleet {
  std::vector<Machine> machines;       // by number; those found to be gone are still here, as `gone`, to be recorded
  std::vector<MachineId> adopted;      // found at a provider, unknown to the journal
  std::vector<MachineId> changed;      // not as remembered any more, with or without a discovery
  std::vector<Discovery> discoveries;  // in the order in which they were applied to `machines`
};

Fleet reconcile(const std::vector<Machine>& remembered, const Listings& listings, const std::vector<JobState>& jobs,
                const Numbering& numbering, Instant now);

// What an operation came to, applied to its machine; the discovery that goes into the journal, if it changed the
// machine's state.
std::vector<Discovery> apply_result(Machine& machine, Operation operation, const JobResult& result, Instant now);

// Copies what the provider knows of the machine; an address that it does not have any more is kept.
void update_from(Machine& machine, const Instance& instance);

}  // namespace hydra_provisioner::observe
