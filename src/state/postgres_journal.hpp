// The shared journal in a PostgreSQL database.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <type_traits>

#include <boost/asio/thread_pool.hpp>

#include "state/database/database.hpp"
#include "state/hosts.hpp"
#include "state/journal.hpp"
#include "state/place.hpp"
#include "state/shared_journal.hpp"

namespace hydra_provisioner::state {

class PostgresJournal final : public SharedJournal {
 public:
  // It connects when it is first used, and again whenever the connection was lost.
  PostgresJournal(JournalPlace place, Host host, Owner owner);
  ~PostgresJournal() override;

  io::Task<Expected<Standing>> take_lead(std::chrono::milliseconds lease) override;
  io::Task<Expected<void>> renew_lead() override;
  io::Task<void> stand_by() override;
  io::Task<void> give_up_lead() override;
  void stop_waiting() override { is_ending_ = true; }
  std::chrono::milliseconds clock_ahead() const override { return clock_ahead_; }

  io::Task<Expected<Memory>> load(Instant now) override;
  io::Task<Expected<void>> commit(Changes changes) override;  // one whose answer was lost is looked for, not repeated
  io::Task<Expected<Spending>> spent_since(std::set<Instant> times) override;
  io::Task<Expected<Totals>> totals() override;
  io::Task<Expected<void>> confirm() override;
  std::optional<Lead> lead() const override;

 private:
  template <class Work>
  io::Task<std::invoke_result_t<Work>> on_thread(const char* doing, Work work);
  template <class Work>
  io::Task<std::invoke_result_t<Work>> as_leader(const char* doing, Work work);  // fails unless this host leads
  Database& connected();
  Standing take_lead_now(double lease);
  bool write(const Changes& changes);
  bool was_committed_after_all(std::int64_t number);
  Error not_leading();

  JournalPlace place_;
  Host host_;
  Owner owner_;
  Token token_;  // of this connection
  std::unique_ptr<Database> database_;
  bool is_leading_ = false;
  std::atomic<std::int64_t> epoch_ = 0;
  std::atomic<std::chrono::milliseconds> clock_ahead_{};
  std::atomic<bool> is_ending_ = false;  // so that this process need not wait for a server that hangs
  // All but the atomic values is used on this thread only, which ends before the connection is closed.
  boost::asio::thread_pool thread_{1};
};

// The parts of state::look(), open_for_orders() and Archive for such a journal. What is viewed stays as it is now.
Expected<Memory> look_at_postgres(const JournalPlace& place, Instant now, const std::set<Instant>& spent_since);
Expected<std::unique_ptr<Journal>> open_postgres_for_orders(const JournalPlace& place);
Expected<std::unique_ptr<Database>> view_postgres(const JournalPlace& place);

}  // namespace hydra_provisioner::state
