#include "tests/decide/any_farm.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <ostream>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "tests/decide/farm.hpp"

namespace hydra_provisioner::decide {
namespace {

using rc::gen::arbitrary;
using rc::gen::element;
using rc::gen::inRange;

struct PoolOfMachines {
  PoolName name;
  ProviderKind kind;
};

// Around every threshold that there is, and anywhere else.
std::int64_t any_span() {
  return *rc::gen::oneOf(element<std::int64_t>(0, 1, 29, 30, 31, 34, 35, 36, 60, 119, 120, 121, 599, 600, 601, 1799,
                                               1800, 1801, 3000, 3001, 3599, 3600, 3601),
                         inRange<std::int64_t>(-300, 8000), inRange<std::int64_t>(-300, 200'000));
}

Instant any_instant() { return noon - Seconds{any_span()}; }

std::optional<Instant> any_instant_if_any() {
  if (*inRange(0, 4) == 0) return std::nullopt;
  return any_instant();
}

bool rarely() { return *inRange(0, 8) == 0; }

std::int64_t any_count() {
  if (rarely()) return *element<std::int64_t>(1'000'000'000, std::numeric_limits<std::int64_t>::max());
  return *inRange<std::int64_t>(0, 40);
}

ProviderKind any_provider() {
  return *element(ProviderKind::local, ProviderKind::nixops, ProviderKind::ec2, ProviderKind::exec);
}

PoolConfig any_pool(const std::string& name, ProviderKind kind) {
  PoolConfig pool;
  pool.name = PoolName(name);
  pool.type = parse_system_type(name).value();
  pool.min_machines = *inRange<std::int64_t>(0, 4);
  pool.max_machines = *inRange<std::int64_t>(0, 9);
  pool.spare_machines = *element<std::int64_t>(0, 0, 1, 3);
  pool.standby_machines = *element<std::int64_t>(0, 0, 1, 3);
  pool.ignored_runnables = *inRange<std::int64_t>(0, 8);
  pool.runnables_per_machine = *inRange<std::int64_t>(1, 12);
  if (*arbitrary<bool>()) pool.scaling = Scaling::work;
  pool.target_wait = Seconds{*element<std::int64_t>(1, 60, 300, 315'360'000)};
  pool.max_jobs = *element<std::int64_t>(1, 1, 4, 1'000'000);
  pool.jobs_by_machine = rarely();
  pool.spare_slots = *element<std::int64_t>(0, 0, 3);
  pool.spares_by_arrivals = *arbitrary<bool>();
  pool.stop_on_idle = *arbitrary<bool>();
  pool.grace_period = Seconds{*element<std::int64_t>(0, 0, 1, 600, 3600)};
  pool.billing_period = Seconds{*element<std::int64_t>(0, 0, 60, 600, 900, 1800, 3600, 86400)};
  pool.boot_timeout = Seconds{*element<std::int64_t>(1, 300, 1800)};
  if (rarely()) pool.max_age = Seconds{*element<std::int64_t>(60, 600, 3600)};
  if (rarely()) pool.replace_on_change = *rc::gen::arbitrary<bool>();
  pool.consecutive_failures = *element<std::int64_t>(0, 4, 4);
  if (rarely()) pool.max_unhealthy = *element<std::int64_t>(0, 45);
  pool.provider = default_settings_of(kind);
  return pool;
}

// As its name says, or also for other steps.
MachineKind any_kind(const std::string& name) {
  MachineKind kind = parse_system_type(name).value();
  if (*inRange(0, 3) > 0) return kind;
  for (const char* feature : {"benchmark", "big", "kvm"}) {
    if (*arbitrary<bool>()) kind.supported_features.insert(feature);
  }
  if (*arbitrary<bool>()) kind.mandatory_features.clear();
  if (rarely()) kind.systems.insert("m68k-linux");
  return kind;
}

const std::vector<std::string> pool_names{"aarch64-linux", "aarch64-linux,x86_64-linux:kvm", "i686-linux",
                                          "x86_64-linux",  "x86_64-linux:benchmark,kvm",     "x86_64-linux:kvm"};

const std::vector<std::string> step_type_keys{
    "aarch64-linux",        "aarch64-linux:kvm",      "builtin", "builtin:local",    "i686-linux",
    "m68k-linux",           "x86_64-linux",           "",        "x86_64-linux:kvm", "x86_64-linux:benchmark",
    "x86_64-linux:big,kvm", "x86_64-linux:kvm,local", ":",       "x86_64-linux:,"};

// Every combination that the life cycle knows, and those that it does not: the journal may be old, the provider slow.
Machine any_machine(std::int64_t number, const PoolOfMachines& pool) {
  using enum MachineState;
  Machine machine;
  machine.id = MachineId(fmt::format("hydra-provisioned-{}", number));
  machine.pool = pool.name;
  machine.provider = pool.kind;
  machine.state = *element(requested, creating, ready, ready, ready, draining, draining, stopping, stopped, destroying,
                           MachineState::failed);
  machine.since = any_instant();
  machine.requested_at = any_instant();
  machine.address = rarely() ? "" : fmt::format("10.0.0.{}", rarely() ? 1 : number);
  machine.launched_at = any_instant_if_any();
  machine.max_jobs = *element<std::int64_t>(0, 2, 64);
  machine.ready_at = any_instant_if_any();
  machine.listing.began_at = any_instant_if_any();
  machine.listing.first_began_at = any_instant_if_any();
  machine.listing.ended_at = any_instant_if_any();
  machine.listing.seen_out_at = any_instant_if_any();
  machine.listing.missing_since = any_instant_if_any();
  machine.listing.closed_since = any_instant_if_any();
  if (!rarely()) machine.instance = InstanceId(machine.id.text);
  machine.listing.is_listed = machine.listing.first_began_at && (machine.state == ready ? !rarely() : rarely());
  machine.cannot_stop = rarely();
  machine.found.vanished = rarely();
  machine.found.interrupted = *arbitrary<bool>();
  machine.found.needs_redeploy = rarely();
  machine.spec_hash = *element<std::string>("", "old", "new");
  if (rarely())
    machine.found.under_way =
        *element(Operation::create, Operation::start, Operation::stop, Operation::destroy, Operation::redeploy);
  return machine;
}

QueueMachine any_entry() {
  QueueMachine entry;
  if (!rarely()) entry.enabled = *element(false, false, true);
  if (rarely()) entry.consecutive_failures = *element<std::int64_t>(0, 1, 4, 5);
  if (!rarely()) entry.current_jobs = *element<std::int64_t>(0, 0, 0, 1, 2);
  if (!rarely()) entry.idle_since = rarely() ? Instant{} : any_instant();
  if (*arbitrary<bool>()) entry.steps_under_way = *element<std::int64_t>(0, 0, 1);
  return entry;
}

QueueStatus any_status(const std::vector<Machine>& machines) {
  QueueStatus status;
  status.arrived = noon - Seconds{*inRange(0, 30)};
  status.time = status.arrived + Seconds{*inRange(-120, 121)};
  status.started = any_instant_if_any();
  for (const std::string& key : *rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(step_type_keys))) {
    const std::int64_t running = *inRange<std::int64_t>(0, 2);
    status.step_types.push_back(
        {.key = key, .type = parse_step_type(key), .runnable = any_count(), .running = running});
  }
  if (*arbitrary<bool>()) {
    status.history.push_back({.systems = {"aarch64-linux", "x86_64-linux"},
                              .mandatory_features = {},
                              .steps = *element<std::int64_t>(1, 5, 1'000'000'000),
                              .time = Seconds{*element<std::int64_t>(0, 1, 5000, 1'000'000'000'000)}});
  }
  if (*arbitrary<bool>()) status.expected_times["x86_64-linux"] = Millis{*element<std::int64_t>(0, 1, 90'000)};
  if (rarely()) return status;
  status.machines.emplace();
  for (const Machine& machine : machines) {
    if (*inRange(0, 4) > 0) status.machines->emplace(queue_name(machine), any_entry());
  }
  return status;
}

bool is_closed_and_idle(const QueueMachine& entry) { return entry.enabled == false && entry.current_jobs == 0; }

// What observe/reports.cpp finds out.
void add_findings(Machine& machine, const QueueMachine* entry, bool hides_machines) {
  machine.found.has_double = hides_machines && entry != nullptr && rarely();
  if (hides_machines && *arbitrary<bool>()) machine.found.doubt = "it may be another one";
  const bool may_be_out = entry == nullptr ? machine.listing.missing_since.has_value() : is_closed_and_idle(*entry);
  if (may_be_out && machine.found.doubt.empty() && *arbitrary<bool>()) machine.found.seen_out = "two reports";
}

void let_machines_join(AnyFarm& farm) {
  QueueStatus& status = *farm.seen.queue;
  if (!status.machines) return;
  farm.config.queue.kind = QueueKind::hydra_rust;
  status.machines_join = true;
  status.hides_machines = *inRange(0, 3) == 0;
  const auto by_address = std::exchange(*status.machines, {});
  for (Machine& machine : farm.seen.machines) {
    QueueMachine* entry = nullptr;
    if (const auto known = by_address.find(queue_name(machine)); known != by_address.end()) {
      entry = &status.machines->emplace(machine.id.text, known->second).first->second;
      entry->reported_at = any_instant();
      if (rarely()) entry->trouble = "its store is full";
    }
    add_findings(machine, entry, status.hides_machines);
  }
}

std::vector<PoolOfMachines> add_pools(AnyFarm& farm) {
  std::vector<PoolOfMachines> pools;
  for (const std::string& name : pool_names) {
    const bool is_configured = *arbitrary<bool>();
    const ProviderKind kind = any_provider();
    if (is_configured) {
      PoolConfig pool = any_pool(name, kind);
      pool.type = any_kind(name);
      pool.spill = *inRange(0, 4) == 0;
      farm.config.pools.emplace(PoolName(name), std::move(pool));
      pools.push_back({PoolName(name), kind});
    }
    const ProviderKind former = any_provider();
    if (!rarely() || (is_configured && former == kind)) continue;
    farm.seen.retired.push_back(any_pool(name, former));
    pools.push_back({PoolName(name), former});
  }
  return pools;
}

CreationRecord any_creation_record() {
  CreationRecord record;
  record.failed_passes = *inRange<std::int64_t>(0, 10);
  record.last_failed_pass = std::min(any_instant(), noon);  // a clock that was set back is another test's subject
  for (std::int64_t i = *inRange<std::int64_t>(0, 9); i > 0; --i)
    record.failures.push_back(std::min(any_instant(), noon));
  std::ranges::sort(record.failures);
  if (rarely()) record.stop_refused_at = any_instant();
  return record;
}

Order any_order() {
  Order order{.value = *inRange<std::int64_t>(0, 6), .since = any_instant(), .until = {}};
  if (rarely()) order.until = any_instant();
  return order;
}

void add_orders(AnyFarm& farm, const std::vector<PoolOfMachines>& pools) {
  using enum OrderKind;
  for (const Machine& machine : farm.seen.machines) {
    if (rarely()) farm.seen.orders[{*element(drain, destroy, protect), machine.id.text}] = any_order();
  }
  for (const PoolOfMachines& pool : pools) {
    if (rarely()) farm.seen.orders[{*element(min_machines, max_machines), pool.name.text}] = any_order();
    if (rarely() && rarely()) farm.seen.orders[{pause, rarely() ? "" : pool.name.text}] = any_order();
    if (rarely()) {
      farm.seen.scheduled[pool.name] = {.period = "sometimes",
                                        .min_machines = {},
                                        .max_machines = *inRange<std::int64_t>(0, 6),
                                        .spare_machines = *element<std::optional<std::int64_t>>(std::nullopt, 0, 2),
                                        .until = any_instant()};
    }
  }
}

AnyFarm make_farm(bool trusted) {
  AnyFarm farm;
  farm.seen.now = noon;
  farm.config.settle = Seconds{*element<std::int64_t>(0, 35, 35, 100)};
  farm.config.quiet = Seconds{*element<std::int64_t>(0, 120, 120, 300)};
  const std::vector<PoolOfMachines> pools = add_pools(farm);
  const std::int64_t count = pools.empty() ? 0 : *inRange<std::int64_t>(0, 24);
  for (std::int64_t number = 1; number <= count; ++number) {
    farm.seen.machines.push_back(any_machine(number, *rc::gen::elementOf(pools)));
  }
  farm.seen.next_number = count + *inRange<std::int64_t>(1, 3);
  for (const PoolOfMachines& pool : pools) {
    if (rarely()) farm.seen.creations[pool.name] = any_creation_record();
    if (!rarely())
      farm.seen.specifications[pool.name] = *element<std::optional<std::string>>("new", "new", std::nullopt);
    if (rarely()) farm.seen.unseen.emplace(PoolKey(pool.name, pool.kind), "its list could not be read");
  }
  add_orders(farm, pools);
  farm.seen.queue = std::unexpected(Untrusted{"it is down"});
  if (trusted) farm.seen.queue = any_status(farm.seen.machines);
  if (trusted && *arbitrary<bool>()) let_machines_join(farm);
  return farm;
}

std::string seconds_of(const std::optional<Instant>& instant) {
  return instant ? fmt::format("{}", to_unix(*instant)) : "-";
}

std::string relative(const std::optional<Instant>& instant) {
  return instant ? fmt::format("{}", (*instant - noon).count()) : "-";
}

std::string described(const Machine& m) {
  return fmt::format(
      "{} {} {} {} \"{}\" requested {} launched {} ready {} listed {} first {} unlisted {}{}{}{}{}{}{}{}", m.id, m.pool,
      to_string(m.provider), to_string(m.state), m.address, relative(m.requested_at), relative(m.launched_at),
      relative(m.ready_at), relative(m.listing.began_at), relative(m.listing.first_began_at),
      relative(m.listing.ended_at), m.listing.is_listed ? " LISTED" : "", m.cannot_stop ? " CANNOT-STOP" : "",
      m.found.vanished ? " VANISHED" : "", m.found.interrupted ? " INTERRUPTED" : "",
      m.found.under_way ? " UNDER-WAY" : "", m.found.seen_out.empty() ? "" : " OUT",
      m.found.doubt.empty() ? "" : " DOUBTED");
}

std::string described(const PoolConfig& p) {
  return fmt::format("{}{} {} {} {} {}{} min {} max {} ignored {} per {} stop {} grace {} billing {} boot {}", p.name,
                     p.spill ? " spill" : "", joined(p.type.systems), joined(p.type.supported_features),
                     joined(p.type.mandatory_features), p.scaling == Scaling::work ? "by work " : "",
                     to_string(p.kind()), p.min_machines, p.max_machines, p.ignored_runnables, p.runnables_per_machine,
                     p.stop_on_idle, p.grace_period.count(), p.billing_period.value_or(Seconds{0}).count(),
                     p.boot_timeout.count());
}

}  // namespace

rc::Gen<AnyFarm> any_farm() {
  return rc::gen::exec([] { return make_farm(!rarely()); });
}

rc::Gen<AnyFarm> any_farm_with_trusted_status() {
  return rc::gen::exec([] { return make_farm(true); });
}

rc::Gen<AnyFarm> any_farm_with_untrusted_status() {
  return rc::gen::exec([] { return make_farm(false); });
}

void showValue(const AnyFarm& farm, std::ostream& out) {
  for (const auto& [name, pool] : farm.config.pools) out << described(pool) << '\n';
  for (const PoolConfig& pool : farm.seen.retired) out << "retired: " << described(pool) << '\n';
  for (const Machine& machine : farm.seen.machines) out << described(machine) << '\n';
  if (!farm.seen.queue) {
    out << "untrusted\n";
    return;
  }
  const QueueStatus& status = *farm.seen.queue;
  out << fmt::format("status {} arrived {} started {}{}{}\n", relative(status.time), relative(status.arrived),
                     relative(status.started), status.machines_join ? " MACHINES JOIN" : "",
                     status.hides_machines ? " SOME ARE HIDDEN" : "");
  for (const StepTypeCount& steps : status.step_types) {
    out << fmt::format("  {:?} {} runnable {} running\n", steps.key, steps.runnable, steps.running);
  }
  if (!status.machines) return;
  for (const auto& [name, entry] : *status.machines) {
    out << fmt::format("  {} enabled {} jobs {} idle since {}\n", name, entry.enabled ? int{*entry.enabled} : -1,
                       entry.current_jobs.value_or(-1), relative(entry.idle_since));
  }
}

std::string in_full(const Plan& plan) {
  std::string text = fmt::format("{} untrusted {} reconsider {}\n", to_unix(plan.time), plan.untrusted.value_or("-"),
                                 seconds_of(plan.reconsider_at));
  for (const PoolPlan& pool : plan.pools) {
    text += fmt::format("pool {} {} {} {} {} {} {} {} {}\n", pool.name, pool.runnable, pool.running, pool.ignored,
                        pool.wanted, pool.target, pool.machines, pool.explanation, fmt::join(pool.notes, "; "));
  }
  for (const Unplaceable& steps : plan.unplaceable) {
    text += fmt::format("unplaceable {} {}\n", steps.step_type, steps.runnable);
  }
  for (const Action& action : plan.actions) {
    text +=
        fmt::format("{} {} {} {} until {}{}\n", to_string(action.kind), action.machine, action.pool, action.reason.text,
                    seconds_of(action.reason.until), action.never_got_ready ? " never ready" : "");
  }
  return text;
}

}  // namespace hydra_provisioner::decide
