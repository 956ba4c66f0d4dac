// Our machines: those in the journal, those that exist at the providers, and the results of the jobs of earlier passes.
// The provider knows what exists, the journal what was intended.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "model/error.hpp"
#include "model/instance.hpp"
#include "model/job.hpp"
#include "model/machine.hpp"
#include "model/time.hpp"
#include "observe/discoveries.hpp"

namespace hydra_provisioner::observe {

// The answers of the providers. An error means that nothing is known of a provider's machines.
using Inventories = std::map<ProviderKind, Expected<Inventory>>;

// For ids of adopted machines that have none of ours.
struct Numbering {
  Tag tag;
  std::int64_t next = 0;  // greater than the number of every machine so far
  std::int64_t used = 0;  // numbers below this may be in the journal
};

// Machines that an operator has ordered to forget: whatever a provider still shows of them is not adopted.
struct Forgotten {
  std::set<MachineId> machines{};
  std::set<InstanceId> instances{};
};

// Which machines that the journal does not know become ours. Another installation may have the same tag at the same
// provider: its machines are left alone.
struct Claims {
  Owner owner{};       // ours
  std::string host{};  // ours, where hosts share the journal: its id; else empty
  // Names of machines in this queue runner's status. Where machines join, these are ids, which another installation may
  // use, too, so that they show nothing.
  std::set<std::string> listed_by_queue{};
  std::set<std::string> used_by_queue{};  // those of them that get steps
  std::set<std::string> in_use{};         // names in its machines file, if this journal has not published one yet
  std::set<std::string> ordered{};        // ids of machines or instances that an operator has ordered to adopt
  bool all_are_ordered = false;
  Forgotten forgotten{};
};

// A machine under our tag that is not ours.
struct Foreign {
  Instance instance;
  ProviderKind provider = ProviderKind::local;
};

// "t-7 (i-0abc of ec2): foreign: made by installation 0f…; left alone"
std::string described(const Foreign& foreign);

struct Fleet {
  std::vector<Machine> machines;       // by number; still contains those that were found to be gone, to be recorded
  std::vector<MachineId> adopted;      // found at a provider, but not in the journal
  std::vector<MachineId> changed;      // differ from what the journal has, with or without a discovery
  std::vector<Discovery> discoveries;  // in the order in which they were applied to `machines`
  std::vector<std::string> unclear;    // what their providers say of machines that are left alone for that
  std::vector<MachineId> ended_early;  // before they were ready, though their creation had succeeded
  std::vector<Foreign> foreign{};      // never touched, and never counted
  std::set<MachineId> names{};         // that are taken where names go from machine to machine
};

// The lowest number that does not collide with this instance, ours or not. If an unreachable number counted, our next
// numbers would follow it, and end.
std::int64_t number_after(const Instance& instance, const Tag& tag);

Fleet reconcile(const std::vector<Machine>& remembered, const Inventories& inventories,
                const std::vector<JobState>& jobs, const Numbering& numbering, Instant now, const Claims& claims = {});

}  // namespace hydra_provisioner::observe
