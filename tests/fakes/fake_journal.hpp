// A journal in memory. A test can let it fail from a commit on.
#pragma once

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "state/journal.hpp"
#include "tests/fakes/chronicle.hpp"
#include "tests/fakes/fake_clock.hpp"

namespace hydra_provisioner::fakes {

class FakeJournal final : public state::Journal {
 public:
  FakeJournal(FakeClock& clock, Chronicle& chronicle) : clock_(clock), chronicle_(chronicle) {}

  state::Memory memory;
  std::vector<state::JournalEvent> events;
  std::optional<state::PassRecord> last_pass;
  Totals all_totals;

  // Whether another host may act in our place, and what jobs are given to ask the same.
  std::optional<Error> lost_lead;
  std::optional<state::Lead> led;
  Seconds confirming_takes{};
  io::Task<Expected<void>> confirm() override {
    co_await take_turn();
    co_await clock_.sleep_for(confirming_takes);
    if (lost_lead) co_return std::unexpected(*lost_lead);
    co_return Expected<void>{};
  }
  std::optional<state::Lead> lead() const override { return led; }

  // The next `count` commits that write something succeed, and no more.
  void fails_after(int count) { commits_left_ = count; }
  void recovers() { commits_left_ = std::numeric_limits<int>::max(); }

  // As it would be read, also if it is gone.
  const Machine& machine(const MachineId& id) const {
    const auto found = std::ranges::find(all_, id, &Machine::id);
    if (found == all_.end()) throw std::logic_error("the journal has no " + id.text);
    return *found;
  }
  bool has(const MachineId& id) const { return std::ranges::find(all_, id, &Machine::id) != all_.end(); }
  void remembers(const Machine& machine) {
    write(machine);
    remember();
  }

  io::Task<Expected<state::Memory>> load(Instant) override {
    co_await take_turn();
    co_return memory;
  }

  io::Task<Expected<void>> commit(state::Changes changes) override {
    const std::string what = described(changes);
    if (what.empty()) co_return Expected<void>{};
    co_await take_turn();
    if (commits_left_ <= 0) {
      chronicle_.add("commit failed");
      co_return failure("journal /state/a.sqlite: cannot be written: database or disk is full");
    }
    --commits_left_;
    chronicle_.add("commit" + what);
    for (const Machine& machine : changes.machines) write(machine);
    remember();
    std::ranges::move(changes.events, std::back_inserter(events));
    for (auto& [pool, record] : changes.creations) memory.creations[pool] = record;
    if (!changes.pools.empty()) memory.pools = std::move(changes.pools);
    if (changes.last_delivery) memory.last_delivery = std::move(changes.last_delivery);
    for (const auto& [pool, time] : changes.step_times) memory.step_times[pool] = time;
    for (auto& [pool, samples] : changes.step_samples) memory.step_samples[pool] = std::move(samples);
    if (changes.waiting) memory.waiting = std::move(*changes.waiting);
    add(all_totals, changes.totals);
    if (changes.pass) last_pass = std::move(changes.pass);
    co_return Expected<void>{};
  }

 private:
  // Commits take effect in the order in which they were asked for, as in the real journal.
  io::Task<void> take_turn() {
    free_from_ = std::max(free_from_, clock_.exact_now()) + clock_.draw_delay();
    return clock_.sleep_for(free_from_ - clock_.exact_now());
  }

  static std::string described(const state::Changes& changes) {
    std::string text;
    for (const Machine& machine : changes.machines) {
      const bool may_be_listed = machine.listing.first_began_at && !machine.listing.ended_at;
      text += fmt::format(" {} {}{}", machine.id, to_string(machine.state), may_be_listed ? " listed" : "");
    }
    if (!changes.creations.empty()) text += " creations";
    if (changes.last_delivery) text += " delivery";
    if (changes.pass) text += " pass";
    return text;
  }

  void write(const Machine& machine) {
    const auto found = std::ranges::find(all_, machine.id, &Machine::id);
    (found == all_.end() ? all_.emplace_back() : *found) = machine;
    // No journal keeps this, because every pass finds it out anew.
    Machine& kept = *std::ranges::find(all_, machine.id, &Machine::id);
    kept.found.vanished = kept.found.interrupted = false;
    kept.found.under_way.reset();
    memory.next_number = std::max(memory.next_number, number_of(machine.id) + 1);
  }

  void remember() {
    memory.machines.clear();
    std::ranges::copy_if(all_, std::back_inserter(memory.machines),
                         [](const Machine& machine) { return machine.state != MachineState::gone; });
    std::ranges::sort(memory.machines, {}, [](const Machine& machine) { return number_of(machine.id); });
  }

  FakeClock& clock_;
  Chronicle& chronicle_;
  FakeClock::Time free_from_;
  std::vector<Machine> all_;
  int commits_left_ = std::numeric_limits<int>::max();
};

}  // namespace hydra_provisioner::fakes
