#include "tests/decide/farm.hpp"

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>

#include "decide/plan.hpp"

namespace hydra_provisioner::decide {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t first_new_number = 100;

PoolConfig pool_config(const std::string& name, const Settings& settings) {
  return {.name = PoolName(name),
          .type = settings.type ? *settings.type : parse_system_type(name).value(),
          .spill = settings.spill,
          .min_machines = settings.min_machines,
          .max_machines = settings.max_machines,
          .spare_machines = settings.spare_machines,
          .standby_machines = settings.standby_machines,
          .ignored_runnables = settings.ignored_runnables,
          .runnables_per_machine = settings.runnables_per_machine,
          .scaling = settings.scaling,
          .target_wait = settings.target_wait,
          .spare_slots = settings.spare_slots,
          .spares_by_arrivals = settings.spares_by_arrivals,
          .max_jobs = settings.max_jobs,
          .jobs_by_machine = settings.jobs_by_machine,
          .ssh_key = {},
          .stop_on_idle = settings.stop_on_idle,
          .grace_period = settings.grace_period,
          .billing_period = settings.billing_period,
          .boot_timeout = settings.boot_timeout,
          .max_age = settings.max_age,
          .max_unavailable = settings.max_unavailable,
          .replace_on_change = settings.replace_on_change,
          .schedules = {},
          .consecutive_failures = settings.consecutive_failures,
          .max_unhealthy = settings.max_unhealthy,
          .price_per_hour = {},
          .provider = default_settings_of(settings.provider),
          .settings_json = {}};
}

}  // namespace

ProviderSettings default_settings_of(ProviderKind kind) {
  switch (kind) {
    case ProviderKind::local:
      return LocalSettings{};
    case ProviderKind::nixops:
      return NixopsSettings{};
    case ProviderKind::ec2:
      return Ec2Settings{};
    case ProviderKind::exec:
      return ExecSettings{};
  }
  throw std::logic_error("no such provider");
}

MachineSeen::MachineSeen(std::int64_t number, MachineState state) {
  const bool is_new = state == MachineState::requested || state == MachineState::creating;
  machine_.id = MachineId(fmt::format("hydra-provisioned-{}", number));
  machine_.state = state;
  machine_.since = noon - 60s;
  machine_.requested_at = is_new ? noon - 60s : noon - 5h;
  machine_.address = fmt::format("10.0.0.{}", number);
  if (is_new) return;
  machine_.ready_at = machine_.listing.first_began_at = machine_.listing.began_at = noon - 4h;
  machine_.listing.is_listed = state == MachineState::ready;
  if (!machine_.listing.is_listed) machine_.listing.ended_at = noon - 10min;
  entry_ = QueueMachine{.enabled = machine_.listing.is_listed, .current_jobs = 0, .idle_since = noon - 1h};
}

MachineSeen& MachineSeen::busy(std::int64_t jobs) {
  return says({.enabled = machine_.listing.is_listed, .current_jobs = jobs, .idle_since = {}});
}

MachineSeen& MachineSeen::steps_under_way(std::int64_t steps) {
  if (!entry_) entry_.emplace();
  entry_->steps_under_way = steps;
  return *this;
}

MachineSeen& MachineSeen::idle_for(Seconds span) {
  return says({.enabled = machine_.listing.is_listed, .current_jobs = 0, .idle_since = noon - span});
}

MachineSeen& MachineSeen::never_used() {
  return says({.enabled = machine_.listing.is_listed, .current_jobs = 0, .idle_since = Instant{}});
}

MachineSeen& MachineSeen::says(QueueMachine entry) {
  entry_ = entry;
  return *this;
}

MachineSeen& MachineSeen::was_listed_for(Seconds span) {
  machine_.listing.lasted = span;
  return *this;
}

MachineSeen& MachineSeen::seen_idle_for(Seconds span) {
  machine_.seen_idle_at = noon - span;
  return *this;
}

MachineSeen& MachineSeen::shown_out(std::string proof) {
  machine_.found.seen_out = std::move(proof);
  return *this;
}

MachineSeen& MachineSeen::first_out(Seconds ago) {
  machine_.listing.seen_out_at = noon - ago;
  return *this;
}

MachineSeen& MachineSeen::missing_for(Seconds span) {
  machine_.listing.missing_since = noon - span;
  return *this;
}

MachineSeen& MachineSeen::has_double() {
  machine_.found.has_double = true;
  return *this;
}

MachineSeen& MachineSeen::doubted(std::string why) {
  machine_.found.doubt = std::move(why);
  return *this;
}

MachineSeen& MachineSeen::closed_for(Seconds span) {
  machine_.listing.closed_since = noon - span;
  return says({.enabled = false, .current_jobs = 0, .idle_since = {}});
}

MachineSeen& MachineSeen::failing(std::int64_t times) {
  entry_->consecutive_failures = times;
  entry_->last_failure = noon - 60s;
  return *this;
}

MachineSeen& MachineSeen::failed_at(Operation operation, std::int64_t times, Seconds ago) {
  machine_.failures = {.of = operation, .in_a_row = times, .latest = noon - ago};
  return *this;
}

MachineSeen& MachineSeen::made_from(std::string spec_hash) {
  machine_.spec_hash = std::move(spec_hash);
  return *this;
}

MachineSeen& MachineSeen::needs_redeploy() {
  machine_.found.needs_redeploy = true;
  return *this;
}

MachineSeen& MachineSeen::unclear(std::string why) {
  machine_.found.unclear = std::move(why);
  return *this;
}

MachineSeen& MachineSeen::cannot_redeploy() {
  machine_.cannot_redeploy = true;
  return *this;
}

MachineSeen& MachineSeen::leaves_in_turn() {
  machine_.leaves_in_turn = true;
  return *this;
}

MachineSeen& MachineSeen::checked_for(Seconds span) {
  machine_.checked_at = noon - span;
  return *this;
}

MachineSeen& MachineSeen::unanswered_for(Seconds span) {
  machine_.unanswered_since = noon - span;
  return *this;
}

MachineSeen& MachineSeen::kept_alive_for(Seconds span) {
  machine_.kept_alive_at = noon - span;
  return *this;
}

MachineSeen& MachineSeen::builds(std::int64_t max_jobs) {
  machine_.max_jobs = max_jobs;
  return *this;
}

MachineSeen& MachineSeen::billed_by(Seconds period) {
  machine_.billing_period = period;
  return *this;
}

MachineSeen& MachineSeen::absent() {
  entry_.reset();
  return *this;
}

MachineSeen& MachineSeen::requested_for(Seconds span) {
  machine_.requested_at = noon - span;
  return *this;
}

MachineSeen& MachineSeen::launched_for(Seconds span) {
  machine_.launched_at = noon - span;
  return *this;
}

MachineSeen& MachineSeen::ready_for(Seconds span) {
  machine_.ready_at = noon - span;
  return *this;
}

MachineSeen& MachineSeen::listed_for(Seconds span) {
  machine_.listing.began_at = noon - span;
  return *this;
}

MachineSeen& MachineSeen::first_listed_for(Seconds span) {
  machine_.listing.first_began_at = noon - span;
  return *this;
}

MachineSeen& MachineSeen::unlisted_for(Seconds span) {
  machine_.listing.is_listed = false;
  machine_.listing.ended_at = noon - span;
  return *this;
}

MachineSeen& MachineSeen::still_listed() {
  machine_.listing.is_listed = true;
  machine_.listing.ended_at.reset();
  return *this;
}

MachineSeen& MachineSeen::never_listed() {
  machine_.listing.is_listed = false;
  machine_.listing.first_began_at.reset();
  machine_.listing.began_at.reset();
  machine_.listing.ended_at.reset();
  return absent();
}

MachineSeen& MachineSeen::interrupted() {
  machine_.found.interrupted = true;
  return *this;
}

MachineSeen& MachineSeen::under_way(Operation operation) {
  machine_.found.under_way = operation;
  return *this;
}

MachineSeen& MachineSeen::noticed(std::string notice) {
  machine_.found.notice = std::move(notice);
  return *this;
}

MachineSeen& MachineSeen::vanished() {
  machine_.found.vanished = true;
  return *this;
}

MachineSeen& MachineSeen::exists() {
  machine_.instance = InstanceId{machine_.id.text};
  return *this;
}

MachineSeen& MachineSeen::refuses_to_stop() {
  machine_.cannot_stop = true;
  return *this;
}

MachineSeen& MachineSeen::failed_with(std::string error) {
  machine_.last_error = std::move(error);
  return *this;
}

MachineSeen coming(std::int64_t number) { return {number, MachineState::creating}; }
MachineSeen ready(std::int64_t number) { return {number, MachineState::ready}; }
MachineSeen draining(std::int64_t number) { return {number, MachineState::draining}; }
MachineSeen stopping(std::int64_t number) { return {number, MachineState::stopping}; }
MachineSeen stopped(std::int64_t number) { return {number, MachineState::stopped}; }
MachineSeen destroying(std::int64_t number) { return {number, MachineState::destroying}; }
MachineSeen failed(std::int64_t number) { return {number, MachineState::failed}; }

Farm farm() { return Farm().at(noon).started(noon - 24h); }
Farm farm(const std::string& pool, Settings settings) { return farm().pool(pool, settings); }

Farm& Farm::pool(const std::string& name, Settings settings) {
  pool_ = PoolName(name);
  provider_ = settings.provider;
  config_.pools.insert_or_assign(pool_, pool_config(name, settings));
  return *this;
}

Farm& Farm::retired_pool(const std::string& name, Settings settings) {
  pool_ = PoolName(name);
  provider_ = settings.provider;
  snapshot_.retired.push_back(pool_config(name, settings));
  return *this;
}

void Farm::add(const MachineSeen& seen) {
  Machine machine = seen.machine();
  machine.pool = pool_;
  machine.provider = provider_;
  if (seen.entry()) entries_.emplace(queue_name(machine), *seen.entry());
  snapshot_.machines.push_back(std::move(machine));
  std::ranges::sort(snapshot_.machines, {}, [](const Machine& m) { return number_of(m.id); });
}

StepTypeCount& Farm::step_type(const std::string& key) {
  const auto known = std::ranges::find(status_.step_types, key, &StepTypeCount::key);
  if (known != status_.step_types.end()) return *known;
  return status_.step_types.emplace_back(StepTypeCount{.key = key, .type = parse_step_type(key)});
}

Farm& Farm::runnable(const std::string& key, std::int64_t count) {
  step_type(key).runnable = count;
  return *this;
}

Farm& Farm::new_machines_build(const std::string& pool, std::int64_t max_jobs) {
  snapshot_.max_jobs[PoolName{pool}] = max_jobs;
  return *this;
}

Farm& Farm::running(const std::string& key, std::int64_t count) {
  step_type(key).running = count;
  return *this;
}

Farm& Farm::started(Instant queue_runner_start) {
  status_.started = queue_runner_start;
  return *this;
}

Farm& Farm::started_unknown() {
  status_.started.reset();
  return *this;
}

Farm& Farm::clock_ahead(Seconds difference) {
  clock_ahead_ = difference;
  return *this;
}

Farm& Farm::has_built(StepHistory kind) {
  status_.history.push_back(std::move(kind));
  return *this;
}

Farm& Farm::steps_will_take(const std::string& system, Seconds each) {
  status_.expected_times[system] = each;
  return *this;
}

Farm& Farm::unasked(const std::string& what) {
  status_.unasked.push_back(what);
  return *this;
}

Farm& Farm::answered_ago(Seconds span) {
  answered_ago_ = span;
  return *this;
}

Farm& Farm::hides_machines() {
  status_.hides_machines = true;
  return *this;
}

Farm& Farm::from_program() {
  status_.from_program = true;
  return *this;
}

Farm& Farm::machines_join() {
  status_.machines_join = true;
  std::map<std::string, QueueMachine> by_id;
  for (const Machine& machine : snapshot_.machines) {
    if (const auto entry = entries_.find(queue_name(machine)); entry != entries_.end())
      by_id.emplace(machine.id.text, entry->second);
  }
  entries_ = std::move(by_id);
  return *this;
}

Farm& Farm::elsewhere(MachineKind kind) {
  snapshot_.elsewhere.insert(std::move(kind));
  return *this;
}

Farm& Farm::no_machines_in_status() {
  lists_machines_ = false;
  return *this;
}

Farm& Farm::untrusted(const std::string& why) {
  untrusted_ = why;
  return *this;
}

Farm& Farm::unseen(const std::string& why) {
  snapshot_.unseen[{pool_, provider_}] = why;
  return *this;
}

Farm& Farm::failed_passes(const std::string& pool, std::int64_t count, Instant last) {
  CreationRecord& record = snapshot_.creations[PoolName(pool)];
  record.failed_passes = count;
  record.last_failed_pass = last;
  return *this;
}

Farm& Farm::failures(const std::string& pool, std::vector<Instant> times) {
  snapshot_.creations[PoolName(pool)].failures = std::move(times);
  return *this;
}

Farm& Farm::refused_to_stop(const std::string& pool, Instant time) {
  snapshot_.creations[PoolName(pool)].stop_refused_at = time;
  return *this;
}

Farm& Farm::counted_from(const std::string& pool, Instant from) {
  snapshot_.creations[PoolName(pool)].counted_from = from;
  return *this;
}

Farm& Farm::failed_last(const std::string& pool, std::string why) {
  snapshot_.creations[PoolName(pool)].last_error = std::move(why);
  return *this;
}

Farm& Farm::ordered_ago(Seconds ago, OrderKind kind, const std::string& whom) {
  snapshot_.orders[{kind, whom}] = {.value = 0, .since = noon - ago, .until = {}};
  return *this;
}

Farm& Farm::specification(const std::string& pool, std::optional<std::string> hash) {
  snapshot_.specifications[PoolName(pool)] = std::move(hash);
  return *this;
}

Farm& Farm::ordered(OrderKind kind, const std::string& whom, std::int64_t value) {
  snapshot_.orders[{kind, whom}] = {.value = value, .since = noon - 1h, .until = {}};
  return *this;
}

Farm& Farm::ordered_until(Instant end, OrderKind kind, const std::string& whom, std::int64_t value) {
  snapshot_.orders[{kind, whom}] = {.value = value, .since = noon - 1h, .until = end};
  return *this;
}

Farm& Farm::scheduled(const std::string& pool, ScheduledLimits limits) {
  snapshot_.scheduled[PoolName(pool)] = std::move(limits);
  return *this;
}

Farm& Farm::unpublished_for(Seconds span, const std::string& why) {
  snapshot_.unpublished = Unpublished{noon - span, why};
  return *this;
}

Farm& Farm::budget(BudgetUse use) {
  snapshot_.budgets.push_back(std::move(use));
  return *this;
}

Farm& Farm::steps_took(const std::string& pool, Seconds each) {
  snapshot_.step_times[PoolName{pool}] = each;
  return *this;
}

Farm& Farm::saw(const std::string& pool, RecentSteps recent) {
  snapshot_.recent_steps[PoolName{pool}] = recent;
  return *this;
}

Farm& Farm::checks_every(ProviderKind provider, Seconds span) {
  snapshot_.check_intervals[provider] = span;
  return *this;
}

Farm& Farm::builtin_system(const std::string& system) {
  config_.builtin_system = system;
  return *this;
}

Farm& Farm::can_probe(ProviderKind provider) {
  snapshot_.can_probe.insert(provider);
  return *this;
}

Farm& Farm::settle(Seconds span) {
  config_.settle = span;
  return *this;
}

Farm& Farm::quiet(Seconds span) {
  config_.quiet = span;
  return *this;
}

Farm& Farm::at(Instant now) {
  snapshot_.now = now;
  return *this;
}

Snapshot Farm::seen() const {
  Snapshot snapshot = snapshot_;
  snapshot.next_number = first_new_number;
  QueueStatus status = status_;
  status.arrived = snapshot.now - answered_ago_;
  status.time = status.arrived + clock_ahead_;
  if (lists_machines_) status.machines = entries_;
  if (untrusted_) {
    snapshot.queue = std::unexpected(Untrusted{*untrusted_});
  } else {
    snapshot.queue = std::move(status);
  }
  return snapshot;
}

Plan Farm::decided() const { return plan(seen(), config_); }

std::string actions_of(const Plan& plan) {
  std::string text;
  for (const Action& action : plan.actions) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", to_string(action.kind), number_of(action.machine));
  }
  return text;
}

const PoolPlan& pool_plan(const Plan& plan, const std::string& name) {
  const auto found = std::ranges::find(plan.pools, PoolName(name), &PoolPlan::name);
  if (found == plan.pools.end()) throw std::logic_error("the plan has no pool " + name);
  return *found;
}

const Action& action_on(const Plan& plan, std::int64_t number) {
  const auto found =
      std::ranges::find(plan.actions, number, [](const Action& action) { return number_of(action.machine); });
  if (found == plan.actions.end()) throw std::logic_error(fmt::format("the plan says nothing of machine {}", number));
  return *found;
}

std::optional<Instant> until_of(const Plan& plan, std::int64_t number) { return action_on(plan, number).reason.until; }

}  // namespace hydra_provisioner::decide
