#include "state/step_counts.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <utility>

#include <nlohmann/json.hpp>

#include "io/text/json.hpp"
#include "state/database/fields.hpp"

namespace hydra_provisioner::state {
namespace {

struct KnowingPass {
  std::int64_t number;
  Instant start;  // no earlier than that of the pass before, also where the clock was set back
};

constexpr std::int64_t no_end = std::numeric_limits<std::int64_t>::max();

// From which pass on, and until which one, facts showed a trusted queue.
std::vector<std::pair<std::int64_t, std::int64_t>> known_queues(Database& database) {
  std::vector<std::pair<std::int64_t, std::int64_t>> known;
  const auto rows = query(database, "select since, until, value from facts where name = 'queue' order by since");
  while (rows->next()) {
    const io::Json queue = io::Json::parse(rows->text(2), nullptr, false);
    if (queue.is_discarded() || queue.contains("untrusted")) continue;
    known.emplace_back(rows->integer(0), get<std::optional<std::int64_t>>(*rows, 1).value_or(no_end));
  }
  return known;
}

std::vector<KnowingPass> passes_that_knew_the_queue(Database& database, Instant since) {
  const auto known = known_queues(database);
  auto span = known.begin();
  std::vector<KnowingPass> passes;
  const auto rows = query(database, "select id, start from passes where start >= $1 order by id", since);
  while (rows->next()) {
    const std::int64_t number = rows->integer(0);
    while (span != known.end() && span->second <= number) ++span;
    if (span == known.end() || number < span->first) continue;
    const auto start = get<Instant>(*rows, 1);
    passes.push_back({number, passes.empty() ? start : std::max(passes.back().start, start)});
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

StepCounts read_step_counts(Database& database, Instant since) {
  const std::vector<KnowingPass> passes = passes_that_knew_the_queue(database, since);
  if (passes.empty()) return {};
  const auto index_of = [&](std::int64_t number) {
    return static_cast<std::size_t>(std::ranges::lower_bound(passes, number, {}, &KnowingPass::number) -
                                    passes.begin());
  };
  const auto rows = query(database,
                          "select substr(name, length('steps/') + 1), since, until, value from facts "
                          "where name > 'steps/' and name < 'steps0' and (until is null or until > $1) "
                          "order by name, since",
                          passes.front().number);
  StepCounter counter(passes);
  while (rows->next()) {
    const std::size_t from = index_of(rows->integer(1));
    const std::size_t to = rows->is_null(2) ? passes.size() : index_of(rows->integer(2));
    const io::Json counts = io::Json::parse(rows->text(3), nullptr, false);
    if (from < to && counts.is_array() && counts.size() >= 2)
      counter.add(get<std::string>(*rows, 0), from, to, counts[0].get<std::int64_t>(), counts[1].get<std::int64_t>());
  }
  return counter.finish();
}

}  // namespace hydra_provisioner::state
