#include "act/ledger.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace hydra_provisioner {

Ledger::Ledger(Journal& journal, Clock& clock, std::vector<Machine> machines) : journal_(journal), clock_(clock) {
  for (Machine& machine : machines) add(std::move(machine));
}

Machine* Ledger::find(const MachineId& machine) {
  const auto found = machines_.find(machine);
  return found == machines_.end() ? nullptr : &found->second;
}

std::vector<Machine*> Ledger::all() {
  std::vector<Machine*> machines;
  for (auto& [id, machine] : machines_) machines.push_back(&machine);
  std::ranges::sort(machines, {}, [](const Machine* machine) { return number_of(machine->id); });
  return machines;
}

Machine& Ledger::add(Machine machine) {
  const MachineId id = machine.id;
  return machines_.insert_or_assign(id, std::move(machine)).first->second;
}

void Ledger::note(Machine& machine, MachineEvent event, const std::string& reason) {
  if (!advance(machine, event, now())) return;
  if (event == MachineEvent::failed) machine.last_error = reason;
  note(machine, {{machine.id, event, reason}});
}

void Ledger::note(const Machine& machine, const std::vector<Discovery>& discoveries) {
  touch(machine);
  for (const Discovery& discovery : discoveries) {
    events_.push_back({.time = now(),
                       .machine = machine.id,
                       .pool = machine.pool,
                       .kind = std::string(to_string(machine.state)),
                       .reason = discovery.reason});
  }
}

void Ledger::touch(const Machine& machine) { changed_.insert(machine.id); }

Task<Expected<void>> Ledger::commit(Changes besides) {
  // Taken before waiting: what is noted meanwhile belongs to the next commit.
  std::set<MachineId> changed = std::exchange(changed_, {});
  std::vector<JournalEvent> events = std::exchange(events_, {});
  for (const MachineId& id : changed) besides.machines.push_back(machines_.at(id));
  besides.events = events;
  auto written = co_await journal_.commit(std::move(besides));
  if (!written) {
    changed_.merge(changed);
    events_.insert(events_.begin(), std::make_move_iterator(events.begin()), std::make_move_iterator(events.end()));
  }
  co_return written;
}

}  // namespace hydra_provisioner
