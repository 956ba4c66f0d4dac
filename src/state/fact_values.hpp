// The parts of a pass's inputs as JSON, and back. What is none or as usual is left out.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "io/text/json.hpp"
#include "model/config.hpp"
#include "model/machine.hpp"
#include "model/queue.hpp"
#include "model/snapshot.hpp"

namespace hydra_provisioner::state {

io::Json value_of(const Machine& machine);  // without its id
io::Json value_of(const QueueMachine& entry);
io::Json value_of(const std::vector<StepHistory>& history);
io::Json value_of(const PoolConfig& pool);
io::Json value_of(const CreationRecord& record);
io::Json value_of(const ScheduledLimits& limits);
io::Json value_of(const Order& order);
io::Json value_of(const RecentSteps& recent);
io::Json value_of(const std::vector<BudgetUse>& budgets);

// These throw std::exception for what value_of() never makes.
Machine machine_of(const MachineId& id, const io::Json& value);
QueueMachine queue_machine_of(const io::Json& value);
std::vector<StepHistory> step_history_of(const io::Json& value);
io::Json value_of(const std::set<MachineKind>& kinds);
std::set<MachineKind> machine_kinds_of(const io::Json& value);
PoolConfig pool_of(const io::Json& value);
CreationRecord creation_record_of(const io::Json& value);
ScheduledLimits scheduled_limits_of(const io::Json& value);
Order order_of(const io::Json& value);
RecentSteps recent_steps_of(const io::Json& value);
std::vector<BudgetUse> budgets_of(const io::Json& value);

}  // namespace hydra_provisioner::state
