#include "act/gates.hpp"

#include <algorithm>
#include <functional>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "io/async/gather.hpp"
#include "io/text/strings.hpp"
#include "observe/discoveries.hpp"
#include "observe/reports.hpp"

namespace hydra_provisioner::act {
namespace {

using providers::BuilderOrder;

constexpr Seconds look_interval{2};
constexpr Seconds look_deadline{600};  // only if the look misses its own deadlines
constexpr Seconds fresh{60};           // a machine that was opened less than this ago has hardly got a step yet

// In the content, which is that of a machines file.
std::set<std::string> names_in(std::string_view content) {
  std::set<std::string> names;
  for (const std::string_view line : io::lines(content)) {
    if (!line.starts_with('#')) names.insert(name_in_machines_file(line.substr(0, line.find(' '))));
  }
  return names;
}

// With single passes, the first one that shows a machine open may come minutes later.
bool has_got_no_step(const Machine& machine, Instant now) {
  const auto& since = machine.listing.began_at;
  if (!machine.listing.is_listed || !since) return false;
  return now - *since < fresh || (machine.seen_idle_at && *machine.seen_idle_at <= *since);
}

bool has_waiting_steps(const QueueStatus& status, const QueueMachine& machine) {
  return std::ranges::any_of(status.step_types, [&](const StepTypeCount& steps) {
    return steps.runnable > 0 && (!machine.kind || serves(*machine.kind, steps.type));
  });
}

}  // namespace

Gates::Gates(const Config& config, const PoolSettings& pools, Ledger& ledger, Providers providers, Queue seen,
             observe::QueueSource& source, Voice& voice)
    : config_(config),
      pools_(pools),
      ledger_(ledger),
      providers_(std::move(providers)),
      seen_(std::move(seen)),
      source_(source),
      voice_(voice),
      look_(ledger.clock()) {}

io::Task<Expected<bool>> Gates::publish(std::string content, std::optional<LastDelivery>, Instant) {
  for (const auto& [machine, ended] : source_.late_evictions()) tell_of_eviction(machine, ended);
  if (!seen_) co_return false;
  const std::set<std::string> open = names_in(content);
  std::vector<std::function<io::Task<void>()>> parts;
  for (const Machine* machine : ledger_.all()) {
    const bool is_open = open.contains(queue_name(*machine));
    if (is_lost(*machine)) parts.emplace_back([this, id = machine->id] { return evict(id); });
    if (is_to_be_set(*machine, is_open))
      parts.emplace_back([this, id = machine->id, is_open] { return set(id, is_open); });
  }
  const bool sets_any = !parts.empty();
  co_await io::run_all(std::move(parts), static_cast<std::size_t>(config_.max_parallel));
  co_await wake_dispatcher();
  co_return sets_any;
}

// A gate is set when the machine is listed or unlisted, and later whenever the status shows it otherwise. Nothing is
// shown of a machine that does not ping, or that is hidden.
bool Gates::is_to_be_set(const Machine& machine, bool is_open) const {
  const bool is_away = machine.state == MachineState::gone || machine.found.vanished || machine.address.empty();
  if (is_away || !providers_.contains(machine.provider)) return false;
  if (const auto done = set_to_.find(machine.id); done != set_to_.end()) return done->second != is_open;
  const bool is_just_unlisted = !is_open && machine.listing.first_began_at && !machine.listing.ended_at;
  const bool is_just_listed = is_open && !machine.listing.is_listed;
  if (is_just_unlisted || is_just_listed || is_shown_otherwise(machine, is_open)) return true;
  return !is_open && may_be_hidden(machine);
}

// What is shown closed may then be another machine, while this one is open, because it could not be told to close.
bool Gates::may_be_hidden(const Machine& machine) const {
  using enum MachineState;
  const bool runs = machine.state != stopping && machine.state != stopped && machine.state != destroying;
  return seen_ && seen_->hides_machines && runs && machine.listing.first_began_at;
}

io::Task<void> Gates::set(MachineId id, bool is_open) {
  set_to_[id] = is_open;
  const auto told = co_await tell(ledger_.at(id), is_open ? BuilderOrder::open : BuilderOrder::close);
  const char* done = is_open ? "opened" : "closed";
  if (!told && told.error().kind == ErrorKind::unanswered) {
    voice_.note(fmt::format("{}: its gate is not {} yet", id, done));
  } else if (!told) {
    voice_.problem(fmt::format("{}: its gate cannot be {}: {}", id, done, told.error().message));
  }
  if (!told) co_return;
  constexpr std::string_view cause = "if that stays so, its builder does not take its gate for its build folder";
  if (is_open && stays_closed(ledger_.at(id)))
    voice_.warning(fmt::format("{}: its gate was to be opened more than {} s ago, and its reports show it closed; {}",
                               id, reports_show_within.count(), cause));
  if (!is_open && opened_by_itself(ledger_.at(id)))
    voice_.warning(fmt::format("{}: its gate was open before it was to be opened; {}", id, cause));
}

// So it may have steps already, and can perhaps not be closed. Of one that was in use before, the plan tells.
bool Gates::opened_by_itself(const Machine& machine) const {
  return !machine.listing.first_began_at && is_shown_otherwise(machine, false);
}

// The plan tells of a machine that stays open. One that stays closed is replaced only after its bootTimeout, because it
// may be slow. The warning comes sooner, because a wrong image is the usual cause.
bool Gates::stays_closed(const Machine& machine) const {
  const auto& since = machine.listing.began_at;
  if (!since || !is_shown_otherwise(machine, true)) return false;
  return earlier_clock(*seen_) - *since >= reports_show_within;
}

// While a machine is told, another look may have found that the status is not trusted any more.
bool Gates::is_shown_otherwise(const Machine& machine, bool is_open) const {
  if (!seen_) return false;
  const QueueMachine* entry = entry_of(*seen_, machine);
  return entry != nullptr && entry->enabled && *entry->enabled != is_open;
}

// Does nothing if the settings of its pool are not known any more. A host that does not lead any more must not undo
// what the leader has told it.
io::Task<Expected<void>> Gates::tell(Machine machine, BuilderOrder order) {
  const auto pool = pools_.find({machine.pool, machine.provider});
  if (pool == pools_.end()) co_return Expected<void>{};
  if (auto leads = co_await ledger_.confirm(); !leads) co_return leads;
  co_return co_await providers_.at(machine.provider)->tell_builder(observe::instance_of(machine), pool->second, order);
}

// The queue runner goes on waiting for a machine that vanished without a word, for a quarter of an hour.
bool Gates::is_lost(const Machine& machine) const {
  const QueueMachine* entry = entry_of(*seen_, machine);
  if (config_.queue.evict_command.empty() || entry == nullptr || !entry->reported_at) return false;
  const bool is_silent = seen_->time - *entry->reported_at >= config_.queue.silence;
  const bool is_away = machine.found.vanished || machine.unanswered_since;
  return is_silent && is_away && !machine.address.empty() && !evicted_.contains(machine.id) && !has_heir(machine);
}

// Whether its address belongs to another machine by now.
bool Gates::has_heir(const Machine& machine) const {
  const std::string host = login_parts(machine.address).host;
  return std::ranges::any_of(ledger_.all(), [&](const Machine* other) {
    const bool is_there = other->state != MachineState::gone && !other->found.vanished && other->id != machine.id;
    return is_there && login_parts(other->address).host == host;
  });
}

io::Task<void> Gates::evict(MachineId id) {
  tell_of_eviction(id, co_await source_.evict(id, login_parts(ledger_.at(id).address).host));
}

// One that has failed is tried again in the next pass.
void Gates::tell_of_eviction(const MachineId& id, const Expected<void>& ended) {
  evicted_.insert(id);
  if (ended) {
    voice_.note(fmt::format("{}: lost: the queue runner's connection to it is ended", id));
  } else if (ended.error().kind == ErrorKind::unanswered) {
    voice_.note(fmt::format("{}: lost: the queue runner's connection to it is not ended yet", id));
  } else {
    voice_.problem(
        fmt::format("{}: lost: the queue runner's connection to it cannot be ended: {}", id, ended.error().message));
  }
}

// Else it would look at a new machine only when it wakes by itself.
io::Task<void> Gates::wake_dispatcher() {
  if (!seen_ || has_woken_ || config_.queue.database.empty()) co_return;
  const bool is_any_new = std::ranges::any_of(ledger_.all(), [&](const Machine* machine) {
    const QueueMachine* entry = entry_of(*seen_, *machine);
    const bool is_free = entry != nullptr && entry->enabled == true && entry->current_jobs == 0;
    return is_free && has_got_no_step(*machine, ledger_.now()) && has_waiting_steps(*seen_, *entry);
  });
  if (!is_any_new) co_return;
  has_woken_ = true;
  const auto woken = co_await source_.wake();
  if (!woken && woken.error().kind != ErrorKind::unanswered)
    voice_.problem(fmt::format("the queue runner cannot be woken: {}", woken.error().message));
}

// At most every two seconds, however many machines are asked about: those that ask meanwhile wait for the same look.
io::Task<Expected<void>> Gates::look_again() {
  if (!look_.is_pending() && ledger_.now() - looked_at_ >= look_interval)
    co_await look_.start([this] { return read_again(); });
  co_await look_.wait(look_deadline);
  if (look_.is_pending()) co_return failure("the queue runner's status has not come yet");
  if (seen_) co_return Expected<void>{};
  co_return failure("the queue runner's status is not trusted: " + seen_.error().why);
}

// The steps that wait are those that the pass has seen.
io::Task<Expected<void>> Gates::read_again() {
  Queue again = co_await source_.read_machines();
  if (again && seen_) again->step_types = seen_->step_types;
  seen_ = std::move(again);
  looked_at_ = ledger_.now();
  co_return Expected<void>{};
}

io::Task<Expected<void>> Gates::expect_joined(Machine machine) {
  if (auto looked = co_await look_again(); !looked) co_return looked;
  const QueueMachine* entry = entry_of(*seen_, machine);
  if (entry == nullptr) co_return failure("it has not connected to the queue runner yet");
  if (!entry->enabled) co_return failure("it is connected to the queue runner, but does not ping it");
  co_return Expected<void>{};
}

io::Task<Expected<void>> Gates::expect_out(Machine machine) {
  if (machine.found.vanished) co_return Expected<void>{};
  if (auto looked = co_await look_again(); !looked) co_return looked;
  if (auto doubt = observe::doubt_about(machine, *seen_); !doubt.empty()) co_return failure(std::move(doubt));
  const QueueMachine* entry = entry_of(*seen_, machine);
  if (entry == nullptr || (entry->enabled == false && entry->current_jobs == 0)) co_return Expected<void>{};
  co_return failure("it is connected to the queue runner again, and may have steps");
}

// So that the queue runner does not go on listing it. What cannot be told is gone soon all the same.
io::Task<void> Gates::make_leave(Machine machine) {
  if (!seen_ || entry_of(*seen_, machine) == nullptr || machine.found.vanished) co_return;
  if (machine.address.empty()) co_return;
  const auto told = co_await tell(machine, BuilderOrder::stop);
  if (!told) voice_.detail(fmt::format("{}: its builder cannot be stopped: {}", machine.id, told.error().message));
}

}  // namespace hydra_provisioner::act
