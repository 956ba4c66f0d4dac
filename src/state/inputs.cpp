#include "state/inputs.hpp"

#include <algorithm>
#include <exception>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "io/text/json.hpp"
#include "state/fact_values.hpp"

namespace hydra_provisioner::state {
namespace {

void add_queue(Facts& facts, const Queue& queue) {
  if (!queue) {
    facts["queue"] = io::compact({{"untrusted", queue.error().why}});
    return;
  }
  io::Json how{{"listsMachines", queue->machines.has_value()}};
  if (queue->machines_join) how["machinesJoin"] = true;
  if (queue->from_program) how["fromProgram"] = true;
  if (!queue->unasked.empty()) how["unasked"] = queue->unasked;
  facts["queue"] = io::compact(how);
  for (const StepTypeCount& steps : queue->step_types)
    facts["steps/" + steps.key] = fmt::format("[{},{}]", steps.runnable, steps.running);
  if (!queue->machines) return;
  for (const auto& [name, entry] : *queue->machines) facts["entry/" + name] = io::compact(value_of(entry));
}

void add_step_times(Facts& facts, const QueueStatus& queue) {
  facts["history"] = io::compact(value_of(queue.history));
  for (const auto& [system, time] : queue.expected_times)
    facts["expectedTime/" + system] = fmt::format("{}", time.count());
}

void add_config(Facts& facts, const Config& config) {
  io::Json settings{{"tag", config.tag.text},
                    {"settle", config.settle.count()},
                    {"quiet", config.quiet.count()},
                    {"builtinSystem", config.builtin_system},
                    {"queue", to_string(config.queue.kind)},
                    {"silence", config.queue.silence.count()}};
  if (!config.currency.empty()) settings["currency"] = config.currency;
  facts["config"] = io::compact(settings);
  for (const auto& [name, pool] : config.pools) facts["pool/" + name.text] = io::compact(value_of(pool));
}

void read_queue_fact(Inputs& inputs, const io::Json& value) {
  if (value.contains("untrusted")) {
    inputs.seen.queue = std::unexpected(Untrusted{value.at("untrusted").get<std::string>()});
    return;
  }
  if (value.at("listsMachines").get<bool>()) inputs.seen.queue->machines.emplace();
  inputs.seen.queue->machines_join = value.value("machinesJoin", false);
  inputs.seen.queue->from_program = value.value("fromProgram", false);
  inputs.seen.queue->unasked = value.value("unasked", std::vector<std::string>{});
}

void read_steps(QueueStatus& status, const std::string& key, const io::Json& value) {
  status.step_types.push_back({.key = key,
                               .type = parse_step_type(key),
                               .runnable = io::whole_number_of(value.at(0)),
                               .running = io::whole_number_of(value.at(1))});
}

void read_config_fact(Config& config, const io::Json& value) {
  config.tag = Tag{value.at("tag").get<std::string>()};
  config.settle = Seconds{io::whole_number_of(value.at("settle"))};
  config.quiet = Seconds{io::whole_number_of(value.at("quiet"))};
  config.builtin_system = value.value("builtinSystem", config.builtin_system);  // an older version had only one
  config.queue.kind = from_name<QueueKind>(value.value("queue", "hydra")).value_or(QueueKind::hydra);
  config.currency = value.value("currency", "");
  if (value.contains("silence")) config.queue.silence = Seconds{io::whole_number_of(value.at("silence"))};
}

ProviderKind provider_named(const std::string& name) {
  const auto kind = from_name<ProviderKind>(name);
  if (!kind) throw std::runtime_error(fmt::format("\"{}\" is no provider", name));
  return *kind;
}

// `PROVIDER/POOL`
PoolKey pool_key(const std::string& name) {
  const auto slash = name.find('/');
  return {PoolName{name.substr(slash + 1)}, provider_named(name.substr(0, slash))};
}

// `ORDER/WHOM`
OrderKey order_key(const std::string& name) {
  const auto slash = name.find('/');
  const auto kind = from_name<OrderKind>(name.substr(0, slash));
  if (!kind) throw std::runtime_error(fmt::format("\"{}\" is no order", name.substr(0, slash)));
  return {*kind, name.substr(slash + 1)};
}

// `name` is what follows the first `/`.
void read_fact(Inputs& inputs, std::string_view kind, const std::string& name, const io::Json& value) {
  Snapshot& seen = inputs.seen;
  if (kind == "config") read_config_fact(inputs.config, value);
  if (kind == "pool") inputs.config.pools.emplace(PoolName{name}, pool_of(value));
  if (kind == "machine") seen.machines.push_back(machine_of(MachineId{name}, value));
  if (kind == "steps") read_steps(seen.queue.value(), name, value);
  if (kind == "expectedTime") seen.queue.value().expected_times.emplace(name, Millis{io::whole_number_of(value)});
  if (kind == "history") seen.queue.value().history = step_history_of(value);
  if (kind == "entry") seen.queue.value().machines.value().emplace(name, queue_machine_of(value));
  if (kind == "retired") {
    for (const io::Json& pool : value) seen.retired.push_back(pool_of(pool));
  }
  if (kind == "elsewhere") seen.elsewhere = machine_kinds_of(value);
  if (kind == "creations") seen.creations.emplace(PoolName{name}, creation_record_of(value));
  if (kind == "unseen") seen.unseen.emplace(pool_key(name), value.get<std::string>());
  if (kind == "specification")
    seen.specifications.emplace(PoolName{name},
                                value.is_null() ? std::nullopt : std::optional(value.get<std::string>()));
  if (kind == "scheduled") seen.scheduled.emplace(PoolName{name}, scheduled_limits_of(value));
  if (kind == "order") seen.orders.emplace(order_key(name), order_of(value));
  if (kind == "unpublished")
    seen.unpublished =
        Unpublished{from_unix(io::whole_number_of(value.at("since"))), value.at("why").get<std::string>()};
  if (kind == "budgets") seen.budgets = budgets_of(value);
  if (kind == "maxJobs") seen.max_jobs.emplace(PoolName{name}, io::whole_number_of(value));
  if (kind == "stepTime") seen.step_times.emplace(PoolName{name}, Millis{io::whole_number_of(value)});
  if (kind == "recentSteps") seen.recent_steps.emplace(PoolName{name}, recent_steps_of(value));
  if (kind == "checks") seen.check_intervals.emplace(provider_named(name), Seconds{io::whole_number_of(value)});
}

io::Json parsed(const std::string& text) {
  auto value = io::parse_json(text);
  if (!value) throw std::runtime_error(value.error().message);
  return *std::move(value);
}

void read_clocks(Snapshot& seen, const io::Json& clocks) {
  const auto time = [&](const char* name) { return from_unix(io::whole_number_of(clocks.at(name))); };
  seen.now = time("now");
  seen.next_number = io::whole_number_of(clocks.at("nextNumber"));
  seen.queue = QueueStatus{};
  if (!clocks.contains("statusTime")) return;
  seen.queue->time = time("statusTime");
  seen.queue->arrived = time("arrived");
  if (clocks.contains("started")) seen.queue->started = time("started");
}

}  // namespace

Facts facts_of(const Snapshot& seen, const Config& config) {
  Facts facts;
  add_config(facts, config);
  add_queue(facts, seen.queue);
  for (const Machine& machine : seen.machines) facts["machine/" + machine.id.text] = io::compact(value_of(machine));
  // It changes with every step that ends: kept only where something is decided from it.
  const bool counts_work =
      std::ranges::any_of(config.pools, [](const auto& entry) { return entry.second.scaling == Scaling::work; });
  if (counts_work && seen.queue) add_step_times(facts, *seen.queue);
  if (!seen.elsewhere.empty()) facts["elsewhere"] = io::compact(value_of(seen.elsewhere));
  io::Json retired = io::Json::array();
  for (const PoolConfig& pool : seen.retired) retired.push_back(value_of(pool));
  facts["retired"] = io::compact(retired);
  for (const auto& [name, record] : seen.creations) facts["creations/" + name.text] = io::compact(value_of(record));
  for (const auto& [pool, why] : seen.unseen)
    facts[fmt::format("unseen/{}/{}", to_string(pool.second), pool.first)] = io::compact(why);
  for (const auto& [name, hash] : seen.specifications)
    facts["specification/" + name.text] = io::compact(hash ? io::Json(*hash) : io::Json(nullptr));
  for (const auto& [name, limits] : seen.scheduled) facts["scheduled/" + name.text] = io::compact(value_of(limits));
  for (const auto& [key, order] : seen.orders)
    facts[fmt::format("order/{}/{}", to_string(key.first), key.second)] = io::compact(value_of(order));
  if (seen.unpublished)
    facts["unpublished"] = io::compact({{"since", to_unix(seen.unpublished->since)}, {"why", seen.unpublished->why}});
  if (!seen.budgets.empty()) facts["budgets"] = io::compact(value_of(seen.budgets));
  for (const auto& [name, jobs] : seen.max_jobs) facts["maxJobs/" + name.text] = fmt::format("{}", jobs);
  for (const auto& [name, time] : seen.step_times) facts["stepTime/" + name.text] = fmt::format("{}", time.count());
  for (const auto& [name, recent] : seen.recent_steps)
    facts["recentSteps/" + name.text] = io::compact(value_of(recent));
  for (const auto& [kind, interval] : seen.check_intervals)
    facts[fmt::format("checks/{}", to_string(kind))] = fmt::format("{}", interval.count());
  return facts;
}

std::string clocks_of(const Snapshot& seen) {
  io::Json clocks{{"now", to_unix(seen.now)}, {"nextNumber", seen.next_number}};
  if (seen.queue) {
    clocks["statusTime"] = to_unix(seen.queue->time);
    clocks["arrived"] = to_unix(seen.queue->arrived);
    if (seen.queue->started) clocks["started"] = to_unix(*seen.queue->started);
  }
  return io::compact(clocks);
}

Expected<Inputs> inputs_of(const Facts& facts, const std::string& clocks) {
  try {
    Inputs inputs;
    read_clocks(inputs.seen, parsed(clocks));
    if (const auto queue = facts.find("queue"); queue != facts.end()) read_queue_fact(inputs, parsed(queue->second));
    for (const auto& [key, value] : facts) {
      const auto slash = key.find('/');
      const std::string name = slash == std::string::npos ? "" : key.substr(slash + 1);
      if (!key.starts_with("decided/")) read_fact(inputs, key.substr(0, slash), name, parsed(value));
    }
    std::ranges::sort(inputs.seen.machines, {}, [](const Machine& machine) { return number_of(machine.id); });
    return inputs;
  } catch (const std::exception& error) {
    return failure(fmt::format("its record is not valid: {}; another version may have written it", error.what()));
  }
}

}  // namespace hydra_provisioner::state
