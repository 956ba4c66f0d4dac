// The database server in which hosts share a journal: who leads, as the statements in state/hosts.cpp find out.
// tests/sim/shared_journal_test.cpp takes the same steps with both.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "model/error.hpp"
#include "sim/events.hpp"
#include "sim/storage.hpp"
#include "sim/virtual_clock.hpp"
#include "state/hosts.hpp"
#include "state/journal.hpp"

namespace hydra_provisioner::sim {

class SharedDatabase {
 public:
  using Session = std::int64_t;

  SharedDatabase(Timeline& timeline, Chronicle& chronicle, JournalStore& store, Observer& observer)
      : timeline_(timeline), chronicle_(chronicle), store_(store), observer_(observer) {}

  // What happens to the server. All sessions end when it goes down.
  void go_down(Seconds duration);
  void come_back() { up_from_ = timeline_.now(); }
  void stall_copy();                 // from now on its copy gets no commits
  void fail_over(Seconds duration);  // to that copy
  bool is_up() const { return timeline_.now() >= up_from_; }

  Session connect();
  void disconnect(Session session);
  bool has(Session session) const { return sessions_.contains(session); }
  std::int64_t count_sessions() const { return std::ssize(sessions_); }

  // See state/hosts.hpp.
  state::Standing take_lead(Session session, const state::Candidate& candidate);
  bool renew_lead(const state::Token& token);
  void give_up_lead(Session session, const state::Token& token);
  bool leads(const state::Token& token) const;
  std::optional<std::int64_t> commit(const state::Token& token, state::Changes changes);
  bool was_committed(const state::Token& token, std::int64_t number) const;
  Expected<void> confirm(const state::Lead& lead) const;

  // Of the host that led last, whether or not its lease has lapsed.
  void end_session_of_leader();
  // Machines of which a copy that took over did not have the latest.
  const std::set<MachineId>& lost() const { return lost_; }

 private:
  // The table `leader`.
  struct Row {
    state::Host host;
    std::string token;  // empty: given up
    Owner owner;
    Session session = 0;
    std::int64_t epoch = 0;
    std::int64_t only_from = 0;
    Time since;
    Time renewed_at;
    Millis lease{};
    std::int64_t commits = 0;
  };
  struct Copy {
    JournalStore store;
    std::optional<Row> row;
  };

  bool takes_lock(Session session);
  void become_leader(Session session, const state::Candidate& candidate);
  void renew();
  bool has_lapsed() const { return timeline_.now() - row_->renewed_at > row_->lease; }
  state::Leader leader() const;

  Timeline& timeline_;
  Chronicle& chronicle_;
  JournalStore& store_;
  Observer& observer_;
  Time up_from_;
  std::optional<Row> row_;
  std::set<Session> sessions_;
  Session last_session_ = 0;
  std::optional<Session> lock_;  // who holds it
  std::optional<Copy> copy_;     // none: it has all commits
  std::set<MachineId> lost_;
};

}  // namespace hydra_provisioner::sim
