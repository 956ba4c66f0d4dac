// The journal for readers, as it was at one moment. Reading changes nothing, and does not disturb the program that is
// writing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "state/database/database.hpp"
#include "state/journal.hpp"
#include "state/place.hpp"
#include "state/step_counts.hpp"

namespace hydra_provisioner::state {

struct ArchivedPass {
  std::int64_t number = 0;
  Instant start;
  Seconds duration{};
  std::string clocks_json;  // empty: written by a version that did not keep its inputs
  std::uint64_t plan_hash{};
  std::string trouble;
};

struct UsageAt {
  Instant hour;  // in which it began
  Usage usage;
};

struct LoadAt {
  Instant time;  // when its span began
  Load load;
};

struct ArchivedMachine {
  MachineId id;
  PoolName pool;
  MachineState state{};
};

// Where one of our machines is, or was.
struct Residence {
  PoolName pool;
  std::string address;
  Instant from;                  // of its first event
  std::optional<Instant> until;  // none: it still exists
  std::string settings_json{};   // of the pool, as last recorded; empty: never
};

// Events one after another, by time. It must not outlive its archive.
class EventReader {
 public:
  explicit EventReader(std::unique_ptr<Rows> rows);
  EventReader(EventReader&& other) noexcept;
  ~EventReader();
  std::optional<JournalEvent> next();

 private:
  std::unique_ptr<Rows> rows_;
};

// Used on one thread at a time.
class Archive {
 public:
  // All of it as it is now, however long it is read. Of a file it is a temporary copy, also of an older version.
  static Expected<Archive> open(const JournalPlace& place);
  // For short reads beside a program that is writing: no copy, but the log of a file grows until this is destroyed.
  // Fails for a journal of an older version.
  static Expected<Archive> view(const JournalPlace& place);
  // Without a copy, for the few quick reads that `read` makes. It changes nothing. `read` may be called a second time,
  // when a pass has begun meanwhile.
  static Expected<void> glance(const JournalPlace& place, const std::function<void(const Archive&)>& read);

  Archive(Archive&& other) noexcept;
  ~Archive();

  const JournalPlace& place() const { return place_; }

  // By time. These throw DatabaseError for a damaged file.
  // `name`: only those of this machine or pool; empty: all.
  EventReader read_events(Instant since, const std::string& name = {}) const;
  std::vector<JournalEvent> events(Instant since) const;
  std::vector<ArchivedPass> passes(Instant since) const;
  std::optional<ArchivedPass> pass(std::int64_t number) const;
  std::optional<ArchivedPass> latest_pass() const;
  std::optional<ArchivedPass> pass_at(Instant time) const;  // the latest that had begun by then
  Facts facts(const ArchivedPass& pass) const;
  std::optional<std::string> fact(const ArchivedPass& pass, const std::string& name) const;
  StepCounts step_counts(Instant since) const;
  std::vector<UsageAt> usage(Instant since) const;
  Spending spent_since(const std::set<Instant>& times) const;  // as Journal::spent_since
  // When the latest events began that are this many; the epoch: there are no more.
  Instant time_of_latest(std::size_t events) const;
  Seconds unknown(Instant since) const;  // of which there is no usage
  // By time and pool; `span` is short_load_span or long_load_span. What began before `since` is left out. Of one pool,
  // or of all together (an empty name); none: of each.
  std::vector<LoadAt> load(Seconds span, Instant since, const std::optional<PoolName>& pool = {}) const;
  // All that there ever were, gone ones too, and the names of all pools.
  std::vector<std::string> machines() const;
  std::vector<std::string> pools() const;
  std::vector<ArchivedMachine> machines_by_state(bool gone) const;  // those that are gone, or those that exist
  std::set<MachineId> never_ready() const;                          // that were requested, failed, and were never ready
  std::vector<Residence> residences() const;                        // of machines that ever had an address

 private:
  Archive(JournalPlace place, std::unique_ptr<Database> database);

  JournalPlace place_;
  std::unique_ptr<Database> database_;
};

}  // namespace hydra_provisioner::state
