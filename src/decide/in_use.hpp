// The machines in use that need upkeep by their provider.
#pragma once

#include <string>
#include <vector>

#include "model/config.hpp"
#include "model/plan.hpp"
#include "model/snapshot.hpp"

namespace hydra_provisioner::decide {

// Of the machines on which steps may run, including draining ones, those for which something is due, by number; those
// that leave now are left out. They are told that they are needed every keepAliveInterval, which checks them, too;
// where their provider does not do that, they are checked every Snapshot::check_intervals. When the queue runner failed
// to use one, it is checked at once. A redeploy is a check itself.
std::vector<InUse> machines_in_use(const Snapshot& seen, const Config& config, const std::vector<Action>& actions);

// A machine that hangs holds its steps for hours. Busy machines whose provider can ask, but needs no upkeep, are asked
// so often, and so are those that have not answered.
inline constexpr Seconds between_probes{120};
std::vector<MachineId> machines_to_probe(const Snapshot& seen);

// "does not answer for 250 s, busy: 2 jobs; …"; empty: it answers, or has failed to only once.
std::string why_it_may_hang(const Machine& machine, const Snapshot& seen);

// Of a machine that connects by itself, was closed, and can get steps all the same, so that it is never proven idle;
// empty: none of that.
std::string why_it_stays_open(const Machine& machine, const Snapshot& seen);

// Of one that is to leave, and of which nothing is proven while machines hide each other: what to do; empty: none of
// that.
std::string why_it_is_doubted(const Machine& machine, const Snapshot& seen);

}  // namespace hydra_provisioner::decide
