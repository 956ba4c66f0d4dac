#include "pass/documents.hpp"

#include <array>
#include <cstddef>

#include <nlohmann/json.hpp>

namespace hydra_provisioner::pass {
namespace {

using nlohmann::json;

json optional_time(std::optional<Instant> time) { return time ? json(to_unix(*time)) : json(nullptr); }

json pool_document(const PoolPlan& pool) {
  return {{"name", pool.name.text}, {"runnable", pool.runnable}, {"running", pool.running},   {"ignored", pool.ignored},
          {"wanted", pool.wanted},  {"target", pool.target},     {"machines", pool.machines}, {"notes", pool.notes}};
}

json pool_documents(const Plan& plan) {
  json pools = json::array();
  for (const PoolPlan& pool : plan.pools) pools.push_back(pool_document(pool));
  return pools;
}

void add_holds(json& pools, const Plan& plan) {
  for (std::size_t i = 0; i < plan.pools.size(); ++i) {
    const auto& held = plan.pools[i].held;
    pools.at(i)["held"] = held ? json(to_string(*held)) : json(nullptr);
  }
}

json queue_document(const Plan& plan) {
  return {{"trusted", !plan.untrusted.has_value()}, {"why", plan.untrusted.value_or("")}};
}

json summary_document(const Plan& plan) {
  json summary;
  for (const std::string_view kind : names_of<ActionKind>) summary[std::string(kind)] = 0;
  for (const Action& action : plan.actions) {
    json& count = summary[std::string(to_string(action.kind))];
    count = count.get<std::int64_t>() + 1;
  }
  return summary;
}

// `decided`: null if the plan says nothing of the machine.
json machine_document(const Machine& machine, const Action* decided, const Queue& queue) {
  const QueueMachine* entry = queue ? entry_of(*queue, machine) : nullptr;
  json document{{"id", machine.id.text},
                {"pool", machine.pool.text},
                {"provider", to_string(machine.provider)},
                {"instance", machine.instance.text},
                {"notedAs", noted_id(machine).text},
                {"state", to_string(machine.state)},
                {"since", to_unix(machine.since)},
                {"listed", machine.listing.is_listed},
                {"address", machine.address},
                {"lastError", machine.last_error}};
  document["currentJobs"] = entry != nullptr && entry->current_jobs ? json(*entry->current_jobs) : json(nullptr);
  document["idleSince"] = entry != nullptr ? optional_time(entry->idle_since) : json(nullptr);
  document["action"] = decided != nullptr ? json(to_string(decided->kind)) : json(nullptr);
  document["reason"] = decided != nullptr ? decided->reason.text : "";
  document["code"] = decided != nullptr ? json(to_string(decided->reason.code)) : json(nullptr);
  return document;
}

json machine_documents(const Look& look, const Plan& plan) {
  const ActionsByMachine decided = actions_by_machine(plan);
  json machines = json::array();
  for (const Machine& machine : look.seen.machines)
    machines.push_back(machine_document(machine, action_on(decided, machine.id), look.seen.queue));
  return machines;
}

json order_documents(const Snapshot& seen) {
  json orders = json::array();
  for (const auto& [key, order] : seen.orders) {
    if (order_in_force(seen.orders, key.first, key.second, seen.now) == nullptr) continue;
    orders.push_back({{"order", to_string(key.first)},
                      {"whom", key.second},
                      {"value", order.value},
                      {"since", to_unix(order.since)},
                      {"until", optional_time(order.until)},
                      {"author", order.author},
                      {"reason", order.reason}});
  }
  return orders;
}

json foreign_documents(const observe::Fleet& fleet) {
  json foreign = json::array();
  for (const auto& [instance, provider] : fleet.foreign) {
    foreign.push_back({{"machine", instance.machine.text},
                       {"provider", to_string(provider)},
                       {"instance", instance.id.text},
                       {"address", instance.address},
                       {"owner", instance.owner.text}});
  }
  return foreign;
}

}  // namespace

json recorded_plan(const Plan& plan) {
  json unplaceable = json::array();
  for (const Unplaceable& steps : plan.unplaceable) {
    unplaceable.push_back({{"stepType", steps.step_type}, {"runnable", steps.runnable}});
  }
  json actions = json::array();
  for (const Action& action : plan.actions) {
    actions.push_back({{"action", to_string(action.kind)},
                       {"machine", action.machine.text},
                       {"pool", action.pool.text},
                       {"reason", action.reason.text}});
  }
  return {{"formatVersion", 1},
          {"time", to_unix(plan.time)},
          {"queue", queue_document(plan)},
          {"pools", pool_documents(plan)},
          {"unplaceable", std::move(unplaceable)},
          {"actions", std::move(actions)},
          {"summary", summary_document(plan)},
          {"reconsiderAt", optional_time(plan.reconsider_at)}};
}

json plan_document(const Plan& plan) {
  json document = recorded_plan(plan);
  document["notes"] = plan.notes;
  add_holds(document.at("pools"), plan);
  for (std::size_t i = 0; i < plan.actions.size(); ++i)
    document.at("actions").at(i)["code"] = to_string(plan.actions[i].reason.code);
  return document;
}

json status_document(const Look& look, const Plan& plan) {
  json pools = pool_documents(plan);
  add_holds(pools, plan);
  return {{"formatVersion", 1},
          {"time", to_unix(plan.time)},
          {"queue", queue_document(plan)},
          {"notes", plan.notes},
          {"pools", std::move(pools)},
          {"machines", machine_documents(look, plan)},
          {"orders", order_documents(look.seen)},
          {"foreign", foreign_documents(look.fleet)}};
}

}  // namespace hydra_provisioner::pass
