// Which programs there are to be asked for their machines, and what they say, as one.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "model/config.hpp"
#include "model/error.hpp"
#include "model/instance.hpp"
#include "model/names.hpp"
#include "providers/exec/records.hpp"

namespace hydra_provisioner::providers::exec {

// One program's answer, with the pools whose machines it makes.
struct ExecListing {
  std::set<PoolName> pools;
  Expected<std::vector<Instance>> machines;
};

// The pool's; without a command where it is not known. That is no reason to forget its machines.
ExecSettings program_of(const PoolConfig& pool);
Error unknown_program();

// Each program with its settings, once, also those of machines that are there though the configuration has changed;
// what they list is not known yet.
std::map<ExecSettings, ExecListing> programs_to_ask(const std::vector<PoolConfig>& pools,
                                                    const std::map<MachineId, ExecRecord>& records);

// A pool's machines are those that its own program lists; of pools that have none, whoever lists them. What is not of
// the tag is none of ours.
Inventory inventory_of(const Tag& tag, const std::vector<ExecListing>& listings);

}  // namespace hydra_provisioner::providers::exec
