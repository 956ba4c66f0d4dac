// Everything that a decision depends on, including the time.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "model/config.hpp"
#include "model/delivery.hpp"
#include "model/enum_names.hpp"
#include "model/machine.hpp"
#include "model/money.hpp"
#include "model/orders.hpp"
#include "model/queue.hpp"
#include "model/system_type.hpp"
#include "model/time.hpp"

namespace hydra_provisioner {

// How a pool's latest creations went.
struct CreationRecord {
  std::int64_t failed_passes = 0;  // in a row, in which every creation that ended had failed
  Instant last_failed_pass;        // meaningless while failed_passes is 0
  std::vector<Instant> failures;   // of the last two hours, oldest first
  std::string last_error{};        // why the latest one failed
  std::string recipe{};            // what machines are made from, as a hash; empty: unknown
  Instant counted_from{};          // earlier failures do not count: since then the recipe is another
  // When the latest one failed that had become ready, but was of no use. While none has worked since, it proves nothing
  // that another gets ready. None: all is well.
  std::optional<Instant> last_useless{};
  std::optional<Instant>
      stop_refused_at{};  // by the provider, of the latest machine that was to stop; none: it stopped

  friend bool operator==(const CreationRecord&, const CreationRecord&) = default;
};

// What a pool's schedules say for this moment.
struct ScheduledLimits {
  std::string period;  // Schedule::text; empty: none matches
  std::optional<std::int64_t> min_machines;
  std::optional<std::int64_t> max_machines;
  std::optional<std::int64_t> spare_machines{};
  std::optional<Instant> until;  // when another will hold; none: not within a week

  friend bool operator==(const ScheduledLimits&, const ScheduledLimits&) = default;
};

// What was spent on each pool's machines since a time.
using Spending = std::map<Instant, std::map<PoolName, Micros>>;

enum class BudgetPeriod : std::uint8_t { day, month };
template <>
inline constexpr auto names_of<BudgetPeriod> = enum_names("day", "month");

// How much of a budget is spent since its day or month began.
struct BudgetUse {
  std::optional<PoolName> pool{};  // none: the budget of all pools together
  BudgetPeriod period = BudgetPeriod::day;
  Micros limit;
  std::int64_t percent = 0;         // spent of it, rounded down
  Instant until;                    // when the next day or month begins
  bool spares_min_machines = true;  // they are made although it is spent

  friend bool operator==(const BudgetUse&, const BudgetUse&) = default;
};

inline bool concerns(const BudgetUse& budget, const PoolName& pool) { return !budget.pool || *budget.pool == pool; }

// What passes saw of a pool's steps lately; see pass/recent_steps.hpp.
struct RecentSteps {
  std::optional<Instant> waiting_since{};  // since when more wait than are ignored; none: at the pass before, none did
  std::int64_t ended = 0;                  // within the boot time or the target wait, whichever is longer
  std::optional<Instant> fewer_ended_at{};
  std::int64_t arrived = 0;  // within the last hour
  std::optional<Instant> fewer_arrived_at{};
  std::optional<Instant> arrived_at{};  // when the latest did

  friend bool operator==(const RecentSteps&, const RecentSteps&) = default;
};

struct Snapshot {
  Instant now;
  Queue queue = std::unexpected(Untrusted{"not asked yet"});
  std::vector<Machine> machines;  // by id; those that are gone are left out
  std::vector<PoolConfig>
      retired;  // as last recorded, of pools that still have machines but are not configured any more
  std::map<PoolName, CreationRecord> creations;
  std::map<PoolName, ScheduledLimits> scheduled;  // of pools with schedules
  Orders orders;
  std::set<MachineKind> elsewhere;        // machines that are not ours, and that steps may run on
  std::map<PoolKey, std::string> unseen;  // pools whose machines could not be listed, and why
  std::map<PoolName, std::optional<std::string>> specifications;  // what their machines should be made from, as a hash;
                                                                  // none: it cannot be read
  std::map<ProviderKind, Seconds> check_intervals;  // of providers whose machines need upkeep while in use
  std::set<ProviderKind> can_probe;                 // providers that can ask machines in use whether they answer
  std::optional<Unpublished> unpublished;           // while the machines file cannot be published
  std::map<PoolName, std::int64_t> max_jobs{};      // of the next new machine, where its provider decides that
  std::map<PoolName, Millis> step_times;            // how long steps took when that was last known: see outlook.hpp
  std::map<PoolName, RecentSteps> recent_steps{};   // of pools whose targets depend on them
  std::vector<BudgetUse> budgets{};                 // all that are configured
  std::int64_t next_number = 0;                     // the N of the next new machine's TAG-N
};

}  // namespace hydra_provisioner
