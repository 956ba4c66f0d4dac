#include "providers/exec/inventory.hpp"

#include <map>
#include <string>
#include <string_view>
#include <variant>

#include <fmt/format.h>

namespace hydra_provisioner::providers::exec {
namespace {

using ByMachine = std::map<MachineId, Instance>;

void leave_alone(Inventory& inventory, const PoolName& pool, std::string_view why) {
  inventory.unseen.emplace(pool, fmt::format("{}; its machines are left alone", why));
}

// Two machines with the same id cannot be distinguished.
void add(ByMachine& machines, Inventory& inventory, const Instance& instance) {
  const auto [known, is_new] = machines.emplace(instance.machine, instance);
  const PoolName& other = known->second.pool;
  if (is_new || other == instance.pool) return;
  const std::string why =
      fmt::format("both {} and {} have a machine {}; remove one of them", other, instance.pool, instance.machine);
  for (const PoolName& pool : {other, instance.pool}) leave_alone(inventory, pool, why);
}

}  // namespace

ExecSettings program_of(const PoolConfig& pool) {
  const auto* program = std::get_if<ExecSettings>(&pool.provider);
  return program != nullptr ? *program : ExecSettings{};
}

Error unknown_program() {
  return {
      "its program is not known: it is no longer configured, and there is no record of it; configure it again, or "
      "remove its machines by hand"};
}

std::map<ExecSettings, ProgramAnswer> programs_to_ask(const std::vector<PoolConfig>& pools,
                                                      const std::map<MachineId, ExecRecord>& records) {
  std::map<ExecSettings, ProgramAnswer> programs;
  const auto ask = [&](const ExecSettings& program, const PoolName& pool) {
    programs.try_emplace(program, ProgramAnswer{{}, std::unexpected(unknown_program())})
        .first->second.pools.insert(pool);
  };
  std::map<PoolName, Seconds> timeouts;
  for (const PoolConfig& pool : pools) timeouts.emplace(pool.name, program_of(pool).timeout);
  std::set<PoolName> recorded;
  for (const auto& [machine, record] : records) {
    ExecSettings program = record.program;
    if (const auto timeout = timeouts.find(record.type); timeout != timeouts.end()) program.timeout = timeout->second;
    ask(program, record.type);
    recorded.insert(record.type);
  }
  for (const PoolConfig& pool : pools) {
    const ExecSettings program = program_of(pool);
    if (!program.command.empty() || !recorded.contains(pool.name)) ask(program, pool.name);
  }
  return programs;
}

Inventory inventory_of(const Tag& tag, const std::vector<ProgramAnswer>& answers) {
  std::set<PoolName> asked;
  for (const ProgramAnswer& answer : answers) asked.insert(answer.pools.begin(), answer.pools.end());
  Inventory inventory;
  ByMachine machines;
  for (const ProgramAnswer& answer : answers) {
    if (!answer.machines) {
      for (const PoolName& pool : answer.pools) leave_alone(inventory, pool, answer.machines.error().message);
      continue;
    }
    for (const UnclearInstance& unclear : answer.machines->unclear) {
      if (is_of(tag, unclear.instance.machine)) inventory.unclear.push_back(unclear);
    }
    for (const Instance& instance : answer.machines->instances) {
      const bool belongs_to_another = asked.contains(instance.pool) && !answer.pools.contains(instance.pool);
      if (is_of(tag, instance.machine) && !belongs_to_another) add(machines, inventory, instance);
    }
  }
  for (const auto& [machine, instance] : machines) {
    if (!inventory.unseen.contains(instance.pool)) inventory.instances.push_back(instance);
  }
  return inventory;
}

}  // namespace hydra_provisioner::providers::exec
