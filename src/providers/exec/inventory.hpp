// Which programs are asked for their machines, and one inventory from all their answers.
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
struct ProgramAnswer {
  std::set<PoolName> pools;
  Expected<Inventory> machines;
};

// The program of the pool; without a command if it is not known, in which case the pool's machines are not forgotten.
ExecSettings program_of(const PoolConfig& pool);
Error unknown_program();

// Each program with its settings once, with its pools; also those of machines that were made before the configuration
// changed. Their answers are still unknown.
std::map<ExecSettings, ProgramAnswer> programs_to_ask(const std::vector<PoolConfig>& pools,
                                                      const std::map<MachineId, ExecRecord>& records);

// A pool's machines are those that its own program lists; for a pool without a program, those that any program lists.
// Machines of other tags are left out.
Inventory inventory_of(const Tag& tag, const std::vector<ProgramAnswer>& answers);

}  // namespace hydra_provisioner::providers::exec
