// The places of machines. The original program gave each new deployment of NixOps the lowest free name, and networks
// for existing hosts choose the host by it; so we do, too, where a provider gives names back. Our ids are never used
// twice.
#pragma once

#include <set>
#include <vector>

#include "model/machine.hpp"
#include "model/names.hpp"

namespace hydra_provisioner::observe {

// The lowest slot that none of the others of its pool has, if it has none yet.
void give_slot(Machine& machine, const std::vector<const Machine*>& others);

// For a machine to come: also the lowest TAG-N that is the name of none of the others, and not `taken`.
void give_place(Machine& machine, const std::vector<const Machine*>& others, const std::set<MachineId>& taken);

}  // namespace hydra_provisioner::observe
