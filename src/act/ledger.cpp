#include "act/ledger.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "observe/places.hpp"
#include "publish/machines_file.hpp"

namespace hydra_provisioner::act {
namespace {

constexpr Seconds answer_is_good_for{20};

bool may_have_steps(const Machine& machine) {
  return machine.state == MachineState::ready || machine.state == MachineState::draining ||
         (machine.state == MachineState::creating && machine.ready_at);
}

}  // namespace

Ledger::Ledger(state::Journal& journal, io::Clock& clock, std::vector<Machine> machines, Owner owner)
    : journal_(journal), clock_(clock), owner_(std::move(owner)) {
  is_idle_.set();
  for (Machine& machine : machines) add(std::move(machine));
}

Machine* Ledger::find(const MachineId& machine) {
  const auto found = machines_.find(machine);
  return found == machines_.end() ? nullptr : &found->second;
}

Machine& Ledger::add(Machine machine) {
  const MachineId id = machine.id;
  const auto [entry, is_new] = machines_.insert_or_assign(id, std::move(machine));
  const auto number = [](const Machine* each) { return number_of(each->id); };
  queue_names_.emplace(publish::unique_name(entry->second), id);
  if (is_new) by_number_.insert(std::ranges::upper_bound(by_number_, number_of(id), {}, number), &entry->second);
  return entry->second;
}

Machine& Ledger::add_to_come(Machine machine) {
  observe::give_place(machine, {by_number_.begin(), by_number_.end()}, names_);
  return add(std::move(machine));
}

void Ledger::note(Machine& machine, MachineEvent event, const std::string& reason,
                  std::optional<FailureClass> failure) {
  const bool was_in_use = may_have_steps(machine);
  if (!advance(machine, event, now())) return;
  if (event == MachineEvent::failed) machine.last_error = reason;
  if (event == MachineEvent::destruction_began && machine.found.vanished && was_in_use) {
    count(totals(), Total::interruptions, {machine.pool.text});
    count(totals(), Total::lost_step_seconds, {machine.pool.text}, lost_step_seconds(machine));
    lost_.emplace_back(machine.id, machine.pool);
  }
  note(machine, {{machine.id, event, reason, failure}});
}

void Ledger::note(const Machine& machine, const std::vector<observe::Discovery>& discoveries) {
  touch(machine);
  for (const observe::Discovery& discovery : discoveries) {
    noted_.events.push_back({.time = now(),
                             .machine = machine.id,
                             .pool = machine.pool,
                             .kind = std::string(to_string(machine.state)),
                             .reason = discovery.reason,
                             .failure_class = discovery.failure});
    count_event(machine, discovery);
  }
}

// When each step began is not known. One that is interrupted at any moment has run about as long as steps take on
// average, if their durations differ as much as those of builds do.
double Ledger::lost_step_seconds(const Machine& machine) const {
  if (!machine.busy_since) return 0;
  const Millis busy = std::max(now() - *machine.busy_since, Seconds{0});
  const auto average = step_times_.find(machine.pool);
  const Millis each = average == step_times_.end() ? busy : std::min(busy, average->second);
  return static_cast<double>(machine.jobs) * std::chrono::duration<double>(each).count();
}

void Ledger::count_event(const Machine& machine, const observe::Discovery& discovery) {
  const std::string& pool = machine.pool.text;
  if (discovery.event == MachineEvent::destroyed) count(totals(), Total::destructions, {pool});
  if (discovery.event == MachineEvent::stopped) count(totals(), Total::stops, {pool});
  if (discovery.failure) count(totals(), Total::failures, {pool, std::string(to_string(*discovery.failure))});
}

void Ledger::note_failure(const Machine& machine, const std::string& why) {
  noted_.events.push_back({.time = now(),
                           .machine = machine.id,
                           .pool = machine.pool,
                           .kind = std::string(to_string(MachineState::failed)),
                           .reason = why,
                           .failure_class = FailureClass::other});
  count(totals(), Total::failures, {machine.pool.text, std::string(to_string(FailureClass::other))});
}

std::optional<Instant> Ledger::waiting_since(const PoolName& pool) const {
  const auto found = waiting_.find(pool);
  return found == waiting_.end() ? std::nullopt : std::optional(found->second);
}

// Its address may be another one now.
void Ledger::touch(const Machine& machine) {
  changed_.insert(machine.id);
  queue_names_.emplace(publish::unique_name(machine), machine.id);
}

const Machine* Ledger::namesake_in_use(const Machine& machine) const {
  const std::string name = publish::unique_name(machine);
  for (auto entry = queue_names_.lower_bound({name, {}}); entry != queue_names_.end(); ++entry) {
    if (entry->first != name) break;
    const Machine& other = machines_.at(entry->second);
    const bool is_used = other.state == MachineState::ready || other.state == MachineState::draining;
    const bool has_it = other.id != machine.id && publish::unique_name(other) == name;
    if (has_it && is_used && !other.found.vanished) return &other;
  }
  return nullptr;
}

void Ledger::note(const observe::Fleet& found, Voice& voice) {
  for (const MachineId& id : found.adopted) {
    const std::string as = at(id).noted_as.text.empty() ? "" : fmt::format(" as {}", at(id).noted_as);
    voice.warning(fmt::format("{}: found at its provider{}, but not in the journal; taken over", id, as));
  }
  for (const observe::Discovery& discovery : found.discoveries) {
    const Machine& machine = at(discovery.machine);
    note(machine, {discovery});
    voice.note(fmt::format("{}: {}: {}", machine.id, to_string(machine.state), discovery.reason));
  }
  for (const MachineId& id : found.changed) touch(at(id));
  names_ = found.names;
}

io::Task<Expected<void>> Ledger::commit() {
  if (const auto shared = next_) {
    co_await shared->is_over.wait();
    co_return shared->outcome;
  }
  const auto own = next_ = std::make_shared<Shared>();
  if (!is_idle_.is_set()) co_await is_idle_.wait();
  next_.reset();
  own->outcome = co_await write({});
  own->is_over.set();
  co_return own->outcome;
}

io::Task<Expected<void>> Ledger::commit(state::Changes besides) {
  if (!is_idle_.is_set()) co_await is_idle_.wait();
  co_return co_await write(std::move(besides));
}

io::Task<Expected<void>> Ledger::write(state::Changes besides) {
  is_idle_.reset();
  // Taken before waiting: what is noted meanwhile belongs to the next commit.
  std::set<MachineId> changed = std::exchange(changed_, {});
  state::Changes noted = std::exchange(noted_, {});
  for (const MachineId& id : changed) besides.machines.push_back(machines_.at(id));
  besides.events = noted.events;
  besides.pools = noted.pools;
  besides.creations = noted.creations;
  hydra_provisioner::add(besides.totals, noted.totals);
  const Totals totals = besides.totals;
  auto written = co_await journal_.commit(std::move(besides));
  if (written) {
    for (const MachineId& id : changed) unwritten_.erase(id);
    hydra_provisioner::add(written_totals_, totals);
  } else {
    unwritten_.insert(changed.begin(), changed.end());
    note_again(std::move(changed), std::move(noted));
  }
  is_idle_.set();
  co_return written;
}

io::Task<Expected<void>> Ledger::confirm() {
  const Millis asked_at = clock_.stopwatch();
  auto leads = co_await journal_.confirm();
  const Millis took = clock_.stopwatch() - asked_at;
  if (!leads || took <= answer_is_good_for) co_return leads;
  co_return failure(fmt::format("the journal's answer, whether this host leads, took {} s, and may be wrong by now",
                                std::chrono::floor<Seconds>(took).count()));
}

void Ledger::note_again(std::set<MachineId> changed, state::Changes noted) {
  changed_.merge(changed);
  std::ranges::move(noted_.events, std::back_inserter(noted.events));
  noted_.events = std::move(noted.events);
  if (noted_.pools.empty()) noted_.pools = std::move(noted.pools);
  noted_.creations.merge(noted.creations);  // the later ones stay
  hydra_provisioner::add(noted_.totals, noted.totals);
}

}  // namespace hydra_provisioner::act
