// What was intended and what happened. The provider is the truth about machines, the journal about intentions: an
// action that costs money or publishes something is committed here before it is done.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "io/async/task.hpp"
#include "model/config.hpp"
#include "model/delivery.hpp"
#include "model/error.hpp"
#include "model/machine.hpp"
#include "model/orders.hpp"
#include "model/snapshot.hpp"
#include "model/totals.hpp"
#include "state/hosts.hpp"
#include "state/inputs.hpp"
#include "state/place.hpp"

namespace hydra_provisioner::state {

// A pool's settings as they were when it last had a pass.
struct RecordedPool {
  PoolName name;
  ProviderKind provider = ProviderKind::local;
  std::string settings_json;

  friend bool operator==(const RecordedPool&, const RecordedPool&) = default;
};

// How many steps of a pool there were when a pass saw another number than the one before it.
struct StepSample {
  Instant time;
  std::int64_t ended = 0;                  // by the queue runner's count, which begins anew when it restarts
  std::int64_t present = 0;                // waiting and running ones
  std::optional<Instant> waiting_since{};  // since when more waited than are ignored; none: no more did

  friend bool operator==(const StepSample&, const StepSample&) = default;
};
using StepSamples = std::vector<StepSample>;  // the oldest first

// Creations that failed longer ago are not in the memory.
inline constexpr Seconds failures_remembered{2 * 3600};

struct Memory {
  std::vector<Machine> machines;  // by number; without those that are gone
  std::vector<RecordedPool> pools;
  std::map<PoolName, CreationRecord> creations;
  Orders orders;
  std::set<InstanceId> forgotten;  // instances of machines that are gone only because an operator said so
  std::optional<LastDelivery> last_delivery;
  std::map<PoolName, Millis> step_times;
  std::map<PoolName, StepSamples> step_samples;
  Spending spent{};                     // since the times that were asked for; see Journal::spent_since
  std::map<PoolName, Instant> waiting;  // since when a pool has had waiting steps without interruption
  Instant last_pass;                    // when the latest recorded pass began; the epoch: there was none
  std::int64_t next_number = 0;         // greater than that of any machine there ever was
};

struct JournalEvent {
  Instant time;
  MachineId machine;
  PoolName pool;
  std::string kind;  // a machine's new state, "ordered", or "failed", also of one that leaves as of no use
  std::string reason;
  std::optional<FailureClass> failure_class{};  // of a creation or a start that failed
};

// How long a pool's machines spent in each phase, and their price per hour.
struct Usage {
  PoolName pool{};
  std::optional<Micros> price_per_hour{};
  Seconds boot{};           // on their way up
  Seconds busy{};           // in the machines file, with jobs
  Seconds idle{};           // in the machines file, without
  Seconds drain{};          // on their way down, failed ones included
  Seconds stopped{};        // which costs no machine-hours
  double stopped_cost = 0;  // in Micros, which a short pass may cost a fraction of

  Seconds paid() const { return boot + busy + idle + drain; }
};

// What a pool's steps and machines did in a span of time. Divided by `observed`, sums are averages: `waiting` is of all
// steps together, in step-seconds, and `boot` of all machines, in machine-seconds.
struct Load {
  PoolName pool{};                // empty: all pools together
  Seconds observed{};             // of which the figures are; time without passes is not
  Seconds untrusted{};            // of it, that in which the status was not trusted: steps are not counted then
  Seconds waiting{};              // for a slot
  Seconds running{};              // on a machine
  std::int64_t most_waiting = 0;  // steps at once
  Seconds longest_wait{};         // for which there were waiting steps without interruption
  Seconds boot{};                 // these are Usage's
  Seconds busy{};
  Seconds idle{};
  Seconds drain{};
  double cost =
      0;  // of these and of stopped ones, in Micros, which a short pass may cost a fraction of; 0 without a price
};

// The journal adds up load by both spans: the short ones for the last hours, the long ones for weeks.
inline constexpr Seconds short_load_span{300};
inline constexpr Seconds long_load_span{3600};

struct PassRecord {
  Instant start;
  Seconds duration{};
  std::string clocks_json{};     // clocks_of() its inputs
  Facts facts{};                 // facts_of() its inputs, and what it decided from them but to keep: `decided/…`
  std::uint64_t plan_hash{};     // fnv1a() of the whole plan's JSON
  std::string trouble{};         // why the pass could not see or trust everything; empty: it could
  std::vector<Usage> usage{};    // since the pass before it
  std::vector<Load> load{};      // since the pass before it
  Seconds unknown{};             // since the pass before it, where that is too long ago for `usage` and `load`
  Seconds history{400 * 86400};  // what is older is removed: machines that are gone, events, usage and load
};

// What one commit() writes, all or nothing.
struct Changes {
  std::vector<Machine> machines;
  std::vector<JournalEvent> events;
  std::vector<RecordedPool> pools;
  std::map<PoolName, CreationRecord> creations;     // `failures` are not written: they are events of kind "failed"
  std::map<OrderKey, std::optional<Order>> orders;  // none: it is taken back
  std::optional<LastDelivery> last_delivery;
  std::map<PoolName, Millis> step_times;
  std::map<PoolName, StepSamples> step_samples;  // all of each pool; only the newest may differ from what is known
  std::optional<std::map<PoolName, Instant>> waiting{};  // all of them; none: as they were
  Totals totals{};                                       // how much each has grown
  std::optional<PassRecord> pass;
};

class Journal {
 public:
  virtual ~Journal() = default;
  virtual io::Task<Expected<Memory>> load(Instant now) = 0;
  virtual io::Task<Expected<void>> commit(Changes changes) = 0;
  // On all machines that had a price, gone ones too. Whole hours count, so it may be what an hour more cost.
  virtual io::Task<Expected<Spending>> spent_since(std::set<Instant> /*times*/) { co_return Spending{}; }
  // All that has grown. Not part of the memory, because no decision depends on it.
  virtual io::Task<Expected<Totals>> totals() { co_return Totals{}; }
  // To be asked before what cannot be taken back. Fails if another host may act in our place by now.
  virtual io::Task<Expected<void>> confirm() { co_return Expected<void>{}; }
  // With which the operations that begin now can ask the same; none: no other host can act in our place.
  virtual std::optional<Lead> lead() const { return std::nullopt; }
  // Whether it keeps records of passes: what they saw and decided, and how long they took.
  virtual bool keeps_passes() const { return true; }
};

// What the journal remembers, to look only: a journal that does not exist is an empty memory. `spent_since` as above.
Expected<Memory> look(const JournalPlace& place, Instant now, const std::set<Instant>& spent_since = {});

// To write orders, which any host may do, and to tell a daemon of them. Nothing else may be written by it.
Expected<std::unique_ptr<Journal>> open_for_orders(const JournalPlace& place);

}  // namespace hydra_provisioner::state
