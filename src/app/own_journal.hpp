// The journal that this process's passes write. Where hosts share it, they are made only while this host leads.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "io/async/clock.hpp"
#include "io/async/task.hpp"
#include "model/config.hpp"
#include "model/error.hpp"
#include "pass/world.hpp"
#include "state/hosts.hpp"
#include "state/journal.hpp"
#include "state/shared_journal.hpp"

namespace hydra_provisioner::app {

class OwnJournal {
 public:
  // Fails if earlier passes kept it elsewhere. `own`: the owner id of this state directory.
  static Expected<OwnJournal> at(const Config& config, const std::string& state_dir, Owner own);

  // `state_dir`: where it is recorded which journal this is; empty: nowhere.
  OwnJournal(state::JournalPlace place, Owner own, std::string state_dir = {});
  // Any journal that hosts share, on a host with this clock.
  OwnJournal(std::unique_ptr<state::SharedJournal> shared, std::shared_ptr<io::Clock> clock);
  OwnJournal(OwnJournal&& other) noexcept;
  ~OwnJournal();

  struct Turn {
    state::Journal* journal = nullptr;            // null: it is not our turn
    Owner owner{};                                // of the machines
    std::string host{};                           // this host's id, if the journal is shared
    std::int64_t only_from = 0;                   // see state::Leader
    bool is_fresh = false;                        // another host has led a moment ago
    std::optional<state::Leader> other_leader{};  // whose turn it is; none: this host's

    void apply_to(pass::World& world) const;
  };
  // Before each pass, as an operator may have removed or replaced a file, and another host may have taken the lead.
  io::Task<Expected<Turn>> take_turn(Seconds interval);
  // Never ends, and renews the lease as long as this host leads.
  io::Task<void> keep_turn();
  // While it is not our turn: others see that this host is there. Returns after how long to ask again.
  io::Task<std::chrono::milliseconds> stand_by();
  io::Task<void> end();
  void stop_waiting();  // see state::PostgresJournal

 private:
  Expected<void> recognize(const Owner& owner);

  state::JournalPlace place_;
  std::shared_ptr<io::Clock> clock_;
  Seconds interval_{};  // between passes, of the latest turn
  int rounds_ = 0;      // for which this host has been standing by
  Owner own_;
  std::string state_dir_;
  Owner recognized_;                              // whose machines the journal was last seen to have
  std::unique_ptr<state::Journal> file_;          // of a journal that is not shared
  std::unique_ptr<state::SharedJournal> shared_;  // of one that is
};

// How a host is called where several share a journal, by the owner id of its state directory, which has its jobs.
std::string host_id(const Owner& own);

// "farm leads (process 7), since 2026-01-15 12:00:30"
std::string described(const state::Leader& leader);

}  // namespace hydra_provisioner::app
