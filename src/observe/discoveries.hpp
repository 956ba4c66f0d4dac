// What becomes known about a machine: from its provider, or as the result of an operation.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/error.hpp"
#include "model/instance.hpp"
#include "model/job.hpp"
#include "model/machine.hpp"
#include "model/time.hpp"

namespace hydra_provisioner::observe {

// A change of a machine's state, which goes into the journal.
struct Discovery {
  MachineId machine;
  MachineEvent event;
  std::string reason;
  std::optional<FailureClass> failure{};  // of a creation or a start; none: it is no such failure
};

// Applies the event to the machine. If that changes its state, appends a discovery.
void discover(std::vector<Discovery>& discoveries, Machine& machine, MachineEvent event, Instant now,
              std::string reason, std::optional<FailureClass> failure = {});

// Applies the end of a job to its machine.
std::vector<Discovery> apply_end(Machine& machine, const JobState& job, Instant now);

// Copies what the provider knows of the machine. If the instance has no address any more, the machine keeps its last
// one.
void update_from(Machine& machine, const Instance& instance);

// The running machine as its provider would show it, from what we know.
Instance instance_of(const Machine& machine);

}  // namespace hydra_provisioner::observe
