// The journal in a simulated database server, as state/postgres_journal.hpp does it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <type_traits>

#include "sim/handles.hpp"
#include "state/shared_journal.hpp"

namespace hydra_provisioner::sim {

// What was sent to the server takes effect also if the program stands still meanwhile.
class SimSharedJournal final : public state::SharedJournal, private Handle {
 public:
  // `clock_ahead`: how far the true time, which is the database's, is ahead of this host's clock.
  SimSharedJournal(Farm& farm, Life& life, const Cuts& cuts, state::Host host, Owner owner, Millis clock_ahead);

  io::Task<Expected<state::Standing>> take_lead(Millis lease) override;
  io::Task<Expected<void>> renew_lead() override;
  io::Task<void> stand_by() override { co_return; }
  io::Task<void> give_up_lead() override;
  void stop_waiting() override {}
  Millis clock_ahead() const override { return clock_ahead_; }

  io::Task<Expected<state::Memory>> load(Instant now) override;
  io::Task<Expected<void>> commit(state::Changes changes) override;
  io::Task<Expected<void>> confirm() override;
  std::optional<state::Lead> lead() const override;

 private:
  // Its end is seen by the server, unless the host is cut off.
  struct Connection {
    Connection(Farm& farm, const Cuts& cuts);
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection();

    Farm& farm;
    const Cuts& cuts;
    SharedDatabase::Session session;
    state::Token token;
  };

  bool reaches_server() const { return !is_cut_off(&Cuts::from_database) && farm_.database.is_up(); }
  bool is_there(const std::weak_ptr<Connection>& connection) const;
  io::Task<bool> connects();
  template <class Work>
  io::Task<std::optional<std::invoke_result_t<Work>>> ask(Work work);
  io::Task<bool> was_committed_after_all(state::Token token, std::int64_t number);
  io::Task<void> sleep_until(Time time);
  Expected<void> not_leading();

  state::Host host_;
  Owner owner_;
  Millis clock_ahead_;
  std::shared_ptr<Connection> connection_;  // null: none, until the lead is taken again
  bool is_leading_ = false;
  std::int64_t epoch_ = 0;
  Time free_from_;  // when what was asked before has been answered
};

}  // namespace hydra_provisioner::sim
