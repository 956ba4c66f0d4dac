// The machines of this pass, in memory and in the journal. Every change of a machine goes through here.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "act/voice.hpp"
#include "io/async/clock.hpp"
#include "io/async/event.hpp"
#include "io/async/task.hpp"
#include "model/error.hpp"
#include "model/machine.hpp"
#include "model/totals.hpp"
#include "observe/fleet.hpp"
#include "state/journal.hpp"

namespace hydra_provisioner::act {

class Ledger {
 public:
  // New machines get this owner.
  Ledger(state::Journal& journal, io::Clock& clock, std::vector<Machine> machines, Owner owner = {});

  Machine& at(const MachineId& machine) { return machines_.at(machine); }
  Machine* find(const MachineId& machine);  // null: there is none
  const std::vector<Machine*>& all() const { return by_number_; }
  // Another machine of the same name in the machines file, that steps may be sent to or run on; null: there is none.
  const Machine* namesake_in_use(const Machine& machine) const;
  Instant now() const { return clock_.now(); }
  io::Clock& clock() const { return clock_; }
  const Owner& owner() const { return owner_; }

  // A new machine, in memory only until it is committed.
  Machine& add(Machine machine);
  // One that is to be made: it gets its place beside the others (observe/places.hpp).
  Machine& add_to_come(Machine machine);

  // Applies the event, if the machine's state allows it, and notes it for the journal.
  void note(Machine& machine, MachineEvent event, const std::string& reason, std::optional<FailureClass> failure = {});
  // Notes events that were applied already.
  void note(const Machine& machine, const std::vector<observe::Discovery>& discoveries);
  // Notes a failure of the machine, without a change of its state, as one of its creation.
  void note_failure(const Machine& machine, const std::string& why);
  // Notes what the pass has observed, which is applied to the machines already, and reports it.
  void note(const observe::Fleet& found, Voice& voice);
  void note(std::vector<state::RecordedPool> pools) { noted_.pools = std::move(pools); }
  void note(const PoolName& pool, CreationRecord record) { noted_.creations[pool] = std::move(record); }
  // Since when steps have been waiting in each pool.
  void know_waiting(std::map<PoolName, Instant> since) { waiting_ = std::move(since); }
  std::optional<Instant> waiting_since(const PoolName& pool) const;
  // How long steps take on average in each pool.
  void know_step_times(std::map<PoolName, Millis> times) { step_times_ = std::move(times); }
  // What grows is noted here, and written with the events that it counts.
  Totals& totals() { return noted_.totals; }
  const Totals& written_totals() const { return written_totals_; }  // by this pass
  // Notes that the machine's data changed without an event.
  void touch(const Machine& machine);

  // Machines that steps may have run on, and that were found to be gone.
  const std::vector<std::pair<MachineId, PoolName>>& lost() const { return lost_; }

  // For the end of a pass: nothing else may be called after this.
  std::map<MachineId, Machine> take_machines() { return std::move(machines_); }

  // Writes everything noted in one transaction, after the one that is being written. Calls that wait for that are one.
  // After an error it stays noted for the next commit.
  io::Task<Expected<void>> commit();
  io::Task<Expected<void>> commit(state::Changes besides);
  // See state::Journal. An answer that took long, or that this process has got only after it stood still, fails, too.
  io::Task<Expected<void>> confirm();
  std::optional<state::Lead> lead() const { return journal_.lead(); }
  // The latest commit that was to write it has failed. Commits of other machines may have succeeded since.
  bool is_unwritten(const MachineId& machine) const { return unwritten_.contains(machine); }

 private:
  // A commit of several callers.
  struct Shared {
    io::Event is_over;
    Expected<void> outcome;
  };
  io::Task<Expected<void>> write(state::Changes besides);
  void count_event(const Machine& machine, const observe::Discovery& discovery);
  double lost_step_seconds(const Machine& machine) const;
  void note_again(std::set<MachineId> changed, state::Changes noted);

  state::Journal& journal_;
  io::Clock& clock_;
  Owner owner_;
  std::map<MachineId, Machine> machines_;
  std::vector<Machine*> by_number_;                          // of machines_
  std::set<MachineId> names_;                                // that are taken at their providers
  std::set<std::pair<std::string, MachineId>> queue_names_;  // that they have or had in the machines file
  std::set<MachineId> changed_;
  std::set<MachineId> unwritten_;
  std::map<PoolName, Instant> waiting_;
  std::map<PoolName, Millis> step_times_;
  Totals written_totals_;
  std::vector<std::pair<MachineId, PoolName>> lost_;
  state::Changes noted_;          // its machines are those of changed_
  io::Event is_idle_;             // nothing is being written
  std::shared_ptr<Shared> next_;  // which waits for that
};

}  // namespace hydra_provisioner::act
