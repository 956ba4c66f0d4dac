#include "state/fact_values.hpp"

#include <stdexcept>
#include <string>
#include <utility>

#include <nlohmann/json.hpp>

namespace hydra_provisioner::state {
namespace {

io::Json plain(const std::string& text) { return text; }
io::Json plain(std::int64_t number) { return number; }
io::Json plain(bool flag) { return flag; }
io::Json plain(Instant time) { return to_unix(time); }
io::Json plain(Seconds span) { return static_cast<std::int64_t>(span.count()); }
io::Json plain(Micros money) { return money.n; }
template <class Kind>
io::Json plain(const Name<Kind>& name) {
  return name.text;
}
template <NamedEnum Enum>
io::Json plain(Enum value) {
  return to_string(value);
}
io::Json plain(const std::vector<std::string>& texts) { return texts; }

void read(const io::Json& value, std::string& into) { into = value.get<std::string>(); }
void read(const io::Json& value, std::int64_t& into) { into = io::whole_number_of(value); }
void read(const io::Json& value, bool& into) { into = value.get<bool>(); }
void read(const io::Json& value, Instant& into) { into = from_unix(io::whole_number_of(value)); }
void read(const io::Json& value, Seconds& into) { into = Seconds{io::whole_number_of(value)}; }
void read(const io::Json& value, Micros& into) { into = Micros{io::whole_number_of(value)}; }
template <class Kind>
void read(const io::Json& value, Name<Kind>& into) {
  into.text = value.get<std::string>();
}
template <NamedEnum Enum>
void read(const io::Json& value, Enum& into) {
  into = from_name<Enum>(value.get<std::string>()).value();
}
void read(const io::Json& value, std::vector<std::string>& into) { into = value.get<std::vector<std::string>>(); }

template <class Value>
void read(const io::Json& value, std::optional<Value>& into) {
  read(value, into.emplace());
}

// One list of fields serves both directions, so that they cannot differ: `field(name, member)` writes or reads.
class Writer {
 public:
  template <class Value>
  void operator()(FieldName name, const Value& value) {
    (*this)(name.key, value);
  }
  template <NamedEnum Enum>
  void operator()(const char* name, const Enum& value) {
    json_.emplace(name, plain(value));
  }
  template <class Value>
  void operator()(const char* name, const Value& value) {
    if (value != Value{}) json_.emplace(name, plain(value));
  }
  template <class Value>
  void operator()(const char* name, const std::optional<Value>& value) {
    if (value) json_.emplace(name, plain(*value));
  }
  io::Json take() { return std::move(json_); }

 private:
  io::Json json_ = io::Json::object();
};

class Reader {
 public:
  explicit Reader(const io::Json& json) : json_(json) {}

  template <class Value>
  void operator()(FieldName name, Value& value) {
    (*this)(name.key, value);
  }

  template <NamedEnum Enum>
  void operator()(const char* name, Enum& value) {
    read(json_.at(name), value);
  }
  template <class Value>
  void operator()(const char* name, Value& value) {
    const auto found = json_.find(name);
    if (found == json_.end()) {
      value = Value{};
    } else {
      read(*found, value);
    }
  }

 private:
  const io::Json& json_;
};

template <class Field, class Entry>
void fields_of_entry(Entry& entry, Field& field) {
  field("enabled", entry.enabled);
  field("currentJobs", entry.current_jobs);
  field("idleSince", entry.idle_since);
  field("lastFailure", entry.last_failure);
  field("consecutiveFailures", entry.consecutive_failures);
  field("trouble", entry.trouble);
  field("stepsUnderWay", entry.steps_under_way);
}

template <class Field, class Limits>
void fields_of_limits(Limits& limits, Field& field) {
  field("period", limits.period);
  field("minMachines", limits.min_machines);
  field("maxMachines", limits.max_machines);
  field("spareMachines", limits.spare_machines);
  field("until", limits.until);
}

template <class Field, class AnOrder>
void fields_of_order(AnOrder& order, Field& field) {
  field("value", order.value);
  field("since", order.since);
  field("until", order.until);
  field("author", order.author);
  field("reason", order.reason);
}

template <class Field, class Use>
void fields_of_budget(Use& budget, Field& field) {
  field("pool", budget.pool);
  field("period", budget.period);
  field("limit", budget.limit);
  field("percent", budget.percent);
  field("until", budget.until);
  field("sparesMinMachines", budget.spares_min_machines);
}

template <class Field, class Recent>
void fields_of_recent_steps(Recent& recent, Field& field) {
  field("waitingSince", recent.waiting_since);
  field("ended", recent.ended);
  field("fewerEndedAt", recent.fewer_ended_at);
  field("arrived", recent.arrived);
  field("fewerArrivedAt", recent.fewer_arrived_at);
  field("arrivedAt", recent.arrived_at);
}

template <class Field, class Pool>
void fields_of_pool(Pool& pool, Field& field) {
  field("name", pool.name.text);
  field("minMachines", pool.min_machines);
  field("maxMachines", pool.max_machines);
  field("spareMachines", pool.spare_machines);
  field("standbyMachines", pool.standby_machines);
  field("ignoredRunnables", pool.ignored_runnables);
  field("runnablesPerMachine", pool.runnables_per_machine);
  field("maxJobs", pool.max_jobs);
  field("jobsByMachine", pool.jobs_by_machine);
  field("speedFactor", pool.speed_factor);
  field("sshKey", pool.ssh_key);
  field("stopOnIdle", pool.stop_on_idle);
  field("gracePeriod", pool.grace_period);
  field("targetWait", pool.target_wait);
  field("spareSlots", pool.spare_slots);
  field("sparesByArrivals", pool.spares_by_arrivals);
  field("billingPeriod", pool.billing_period);
  field("bootTimeout", pool.boot_timeout);
  field("maxAge", pool.max_age);
  field("maxUnavailable", pool.max_unavailable);
  field("replaceOnChange", pool.replace_on_change);
  field("maxUnhealthy", pool.max_unhealthy);
  field("pricePerHour", pool.price_per_hour);
  field("stoppedPricePerHour", pool.stopped_price_per_hour);
  field("spill", pool.spill);
  field("settings", pool.settings_json);
}

template <class Field, class Provider>
void fields_of_provider(Provider& settings, Field& field) {
  if constexpr (std::is_same_v<std::remove_const_t<Provider>, LocalSettings>) {
    field("ownStore", settings.own_store);
    field("bootSeconds", settings.boot_seconds);
  } else if constexpr (std::is_same_v<std::remove_const_t<Provider>, NixopsSettings>) {
    field("expression", settings.expression);
    field("nixPath", settings.nix_path);
    field("keepAliveInterval", settings.keep_alive_interval);
  }
}

ProviderSettings default_settings_of(const std::string& provider) {
  const auto kind = from_name<ProviderKind>(provider);
  if (!kind) throw std::runtime_error("unknown provider \"" + provider + "\"");
  return traits_of(*kind).defaults;
}

}  // namespace

io::Json value_of(const Machine& machine) {
  Writer field;
  visit_all_fields(machine, field);
  io::Json value = field.take();
  // These change with every step, and nothing is decided by them: they would record each busy machine in each pass.
  for (const char* work : {"jobs", "busySince"}) value.erase(work);
  return value;
}

Machine machine_of(const MachineId& id, const io::Json& value) {
  Machine machine;
  Reader field(value);
  visit_all_fields(machine, field);
  machine.id = id;
  return machine;
}

io::Json value_of(const QueueMachine& entry) {
  Writer field;
  fields_of_entry(entry, field);
  return field.take();
}

QueueMachine queue_machine_of(const io::Json& value) {
  QueueMachine entry;
  Reader field(value);
  fields_of_entry(entry, field);
  return entry;
}

io::Json value_of(const PoolConfig& pool) {
  Writer field;
  fields_of_pool(pool, field);
  io::Json value = field.take();
  Writer own;
  std::visit([&](const auto& settings) { fields_of_provider(settings, own); }, pool.provider);
  value["consecutiveFailures"] = pool.consecutive_failures;  // whose default is not 0
  if (pool.scaling != Scaling::runnables) value["scaling"] = to_string(pool.scaling);
  value["provider"] = to_string(pool.kind());
  value["providerSettings"] = own.take();
  value["systems"] = pool.type.systems;
  value["features"] = pool.type.mandatory_features;
  if (pool.type.supported_features != pool.type.mandatory_features) value["supported"] = pool.type.supported_features;
  return value;
}

PoolConfig pool_of(const io::Json& value) {
  PoolConfig pool;
  Reader field(value);
  fields_of_pool(pool, field);
  field("consecutiveFailures", pool.consecutive_failures);  // an older version did not look
  pool.scaling = from_name<Scaling>(value.value("scaling", "")).value_or(Scaling::runnables);
  pool.provider = default_settings_of(value.at("provider").get<std::string>());
  Reader own(value.at("providerSettings"));
  std::visit([&](auto& settings) { fields_of_provider(settings, own); }, pool.provider);
  pool.type.systems = value.at("systems").get<std::set<std::string>>();
  pool.type.mandatory_features = value.at("features").get<std::set<std::string>>();
  pool.type.supported_features = value.value("supported", pool.type.mandatory_features);
  return pool;
}

io::Json value_of(const std::vector<StepHistory>& history) {
  io::Json value = io::Json::array();
  for (const StepHistory& kind : history) {
    value.push_back({{"systems", kind.systems},
                     {"features", kind.mandatory_features},
                     {"steps", kind.steps},
                     {"time", kind.time.count()}});
    if (kind.supported_features) value.back()["supported"] = *kind.supported_features;
  }
  return value;
}

std::vector<StepHistory> step_history_of(const io::Json& value) {
  std::vector<StepHistory> history;
  for (const io::Json& kind : value) {
    history.push_back({.systems = kind.at("systems").get<std::set<std::string>>(),
                       .mandatory_features = kind.at("features").get<std::set<std::string>>(),
                       .steps = io::whole_number_of(kind.at("steps")),
                       .time = Seconds{io::whole_number_of(kind.at("time"))}});
    if (kind.contains("supported"))
      history.back().supported_features = kind.at("supported").get<std::set<std::string>>();
  }
  return history;
}

io::Json value_of(const std::set<MachineKind>& kinds) {
  io::Json value = io::Json::array();
  for (const auto& [systems, supported, mandatory] : kinds)
    value.push_back({{"systems", systems}, {"supported", supported}, {"mandatory", mandatory}});
  return value;
}

std::set<MachineKind> machine_kinds_of(const io::Json& value) {
  std::set<MachineKind> kinds;
  for (const io::Json& kind : value)
    kinds.insert({.systems = kind.at("systems").get<std::set<std::string>>(),
                  .supported_features = kind.at("supported").get<std::set<std::string>>(),
                  .mandatory_features = kind.at("mandatory").get<std::set<std::string>>()});
  return kinds;
}

// Without the recipe and last_useless, from which nothing is decided.
io::Json value_of(const CreationRecord& record) {
  io::Json failures = io::Json::array();
  for (const Instant failure : record.failures) failures.push_back(to_unix(failure));
  io::Json value = {{"failedPasses", record.failed_passes},
                    {"lastFailedPass", to_unix(record.last_failed_pass)},
                    {"failures", std::move(failures)}};
  if (!record.last_error.empty()) value["lastError"] = record.last_error;
  if (record.counted_from != Instant{}) value["countedFrom"] = to_unix(record.counted_from);
  if (record.stop_refused_at) value["stopRefusedAt"] = to_unix(*record.stop_refused_at);
  return value;
}

io::Json value_of(const ScheduledLimits& limits) {
  Writer field;
  fields_of_limits(limits, field);
  return field.take();
}

ScheduledLimits scheduled_limits_of(const io::Json& value) {
  ScheduledLimits limits;
  Reader field(value);
  fields_of_limits(limits, field);
  return limits;
}

io::Json value_of(const Order& order) {
  Writer field;
  fields_of_order(order, field);
  return field.take();
}

Order order_of(const io::Json& value) {
  Order order;
  Reader field(value);
  fields_of_order(order, field);
  return order;
}

io::Json value_of(const RecentSteps& recent) {
  Writer field;
  fields_of_recent_steps(recent, field);
  return field.take();
}

RecentSteps recent_steps_of(const io::Json& value) {
  RecentSteps recent;
  Reader field(value);
  fields_of_recent_steps(recent, field);
  return recent;
}

io::Json value_of(const std::vector<BudgetUse>& budgets) {
  io::Json value = io::Json::array();
  for (const BudgetUse& budget : budgets) {
    Writer field;
    fields_of_budget(budget, field);
    value.push_back(field.take());
  }
  return value;
}

std::vector<BudgetUse> budgets_of(const io::Json& value) {
  std::vector<BudgetUse> budgets;
  for (const io::Json& each : value) {
    Reader field(each);
    fields_of_budget(budgets.emplace_back(), field);
  }
  return budgets;
}

CreationRecord creation_record_of(const io::Json& value) {
  CreationRecord record;
  record.failed_passes = io::whole_number_of(value.at("failedPasses"));
  record.last_failed_pass = from_unix(io::whole_number_of(value.at("lastFailedPass")));
  for (const io::Json& failure : value.at("failures"))
    record.failures.push_back(from_unix(io::whole_number_of(failure)));
  record.last_error = value.value("lastError", "");
  if (const auto from = value.find("countedFrom"); from != value.end())
    record.counted_from = from_unix(io::whole_number_of(*from));
  if (const auto refused = value.find("stopRefusedAt"); refused != value.end())
    record.stop_refused_at = from_unix(io::whole_number_of(*refused));
  return record;
}

}  // namespace hydra_provisioner::state
