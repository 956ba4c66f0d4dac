#include "state/step_counts.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>

namespace hydra_provisioner::state {
namespace {

struct KnowingPass {
  std::int64_t number;
  Instant start;  // no earlier than that of the pass before, also where the clock was set back
};

std::vector<KnowingPass> passes_that_knew_the_queue(SQLite::Database& database, Instant since) {
  SQLite::Statement rows(database,
                         "select id, start from (select id, start, (select value from facts where name = 'queue' "
                         "and since <= id order by since desc limit 1) as queue from passes where start >= ?) "
                         "where queue is not null and json_type(queue, '$.untrusted') is null order by id");
  rows.bind(1, to_unix(since));
  std::vector<KnowingPass> passes;
  while (rows.executeStep()) {
    const Instant start = from_unix(rows.getColumn(1).getInt64());
    passes.push_back({rows.getColumn(0).getInt64(), passes.empty() ? start : std::max(passes.back().start, start)});
  }
  return passes;
}

// The counts of one type after another. A fact that ends is followed by the next one, or the type has no steps then.
class StepCounter {
 public:
  explicit StepCounter(const std::vector<KnowingPass>& passes) : passes_(passes) {}

  // `from` and `to` are indices of passes; it holds before `to`.
  void add(const std::string& key, std::size_t from, std::size_t to, std::int64_t runnable, std::int64_t running) {
    if (counts_ == nullptr || key != key_) begin(key);
    if (held_until_ < from) note(held_until_, 0, 0);
    note(from, runnable, running);
    held_until_ = to;
  }
  StepCounts finish() {
    end();
    seen_.until = passes_.back().start;
    return std::move(seen_);
  }

 private:
  void begin(const std::string& key) {
    end();
    key_ = key;
    counts_ = &seen_.by_type[key];
    held_until_ = passes_.size();
  }
  void end() {
    if (counts_ != nullptr && held_until_ < passes_.size()) note(held_until_, 0, 0);
  }
  void note(std::size_t pass, std::int64_t runnable, std::int64_t running) {
    const bool is_new = counts_->empty() || counts_->back().runnable != runnable || counts_->back().running != running;
    if (!is_new) return;
    const Instant before = passes_[pass == 0 ? 0 : pass - 1].start;
    counts_->push_back({.time = passes_[pass].start, .before = before, .runnable = runnable, .running = running});
  }

  const std::vector<KnowingPass>& passes_;
  StepCounts seen_;
  std::string key_;
  std::vector<StepCount>* counts_ = nullptr;  // of this key
  std::size_t held_until_ = 0;                // by the latest fact of this key
};

}  // namespace

StepCounts read_step_counts(SQLite::Database& database, Instant since) {
  const std::vector<KnowingPass> passes = passes_that_knew_the_queue(database, since);
  if (passes.empty()) return {};
  const auto index_of = [&](std::int64_t number) {
    return static_cast<std::size_t>(std::ranges::lower_bound(passes, number, {}, &KnowingPass::number) -
                                    passes.begin());
  };
  SQLite::Statement rows(database,
                         "select substr(name, length('steps/') + 1), since, until, json_extract(value, '$[0]'), "
                         "json_extract(value, '$[1]') from facts where name > 'steps/' and name < 'steps0' "
                         "and (until is null or until > ?) order by name, since");
  rows.bind(1, passes.front().number);
  StepCounter counter(passes);
  while (rows.executeStep()) {
    const std::size_t from = index_of(rows.getColumn(1).getInt64());
    const std::size_t to = rows.isColumnNull(2) ? passes.size() : index_of(rows.getColumn(2).getInt64());
    if (from < to)
      counter.add(rows.getColumn(0).getString(), from, to, rows.getColumn(3).getInt64(), rows.getColumn(4).getInt64());
  }
  return counter.finish();
}

}  // namespace hydra_provisioner::state
