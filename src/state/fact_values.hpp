// The parts of a pass's inputs as JSON, and back. What is none or as usual is left out.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "io/json.hpp"
#include "model/config.hpp"
#include "model/machine.hpp"
#include "model/queue.hpp"
#include "model/snapshot.hpp"

namespace hydra_provisioner {

Json value_of(const Machine& machine);  // without its id
Json value_of(const QueueMachine& entry);
Json value_of(const std::vector<StepHistory>& history);
Json value_of(const PoolConfig& pool);
Json value_of(const CreationRecord& record);
Json value_of(const ScheduledLimits& limits);
Json value_of(const Order& order);

// These throw std::exception for what value_of() never makes.
Machine machine_of(const MachineId& id, const Json& value);
QueueMachine queue_machine_of(const Json& value);
std::vector<StepHistory> step_history_of(const Json& value);
PoolConfig pool_of(const Json& value);
CreationRecord creation_record_of(const Json& value);
ScheduledLimits scheduled_limits_of(const Json& value);
Order order_of(const Json& value);

}  // namespace hydra_provisioner
