#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "observe/build_steps.hpp"
#include "observe/queue_source.hpp"
#include "observe/status_document.hpp"

namespace hydra_provisioner::observe {
namespace {

// They are of a week, and change slowly. The query may take seconds, which no pass should wait for much longer.
constexpr Seconds times_hold{600};
constexpr Seconds times_timeout{10};

constexpr std::string_view where_rights_are = "docs/status.md says which rights its user needs";

}  // namespace

HydraDatabase::HydraDatabase(const Config& config, io::Clock& clock)
    : database_(config.queue.database),
      timeout_(config.status_timeout),
      quiet_(config.quiet),
      counts_work_(
          std::ranges::any_of(config.pools, [](const auto& pool) { return pool.second.scaling == Scaling::work; })),
      clock_(clock) {}

io::Task<Queue> HydraDatabase::read() {
  Queue queue = co_await read_status();
  if (!queue) co_return queue;
  co_await add_steps_under_way(*queue);
  if (counts_work_) co_await add_expected_times(*queue);
  co_return queue;
}

// A row that stood there before the question may be hours old, and look right. After `hydra-queue-runner --unlock`,
// which ends its service, there is none.
io::Task<Queue> HydraDatabase::read_status() {
  io::DatabaseQuestion question{.channel = "dump_status",
                                .answers = "status_dumped",
                                .query = "select status from SystemStatus where what = 'queue-runner'"};
  const auto answer = co_await postgres_.ask(database_, std::move(question), timeout_);
  if (!answer) co_return std::unexpected(Untrusted{answer.error().message});
  if (!*answer) co_return std::unexpected(Untrusted{"queue.database: the queue runner is down"});
  co_return read_status_document(**answer, clock_.now());
}

io::Task<void> HydraDatabase::add_steps_under_way(QueueStatus& status) {
  const auto steps =
      steps_under_way_of(co_await postgres_.query(database_, std::string(steps_under_way_query), timeout_));
  if (steps) {
    note_steps_under_way(status, *steps);
  } else {
    status.unasked.push_back(
        fmt::format("{}; while BuildSteps cannot be read, no machine is stopped or destroyed before it was idle for "
                    "quiet, {} s; {}",
                    steps.error().message, quiet_.count(), where_rights_are));
  }
}

io::Task<void> HydraDatabase::add_expected_times(QueueStatus& status) {
  const Millis now = clock_.stopwatch();
  if (!asked_at_ || now - *asked_at_ >= times_hold) {
    asked_at_ = now;
    co_await look_for_expected_times();
  }
  status.expected_times = expected_times_;
  if (!why_not_expected_.empty()) status.unasked.push_back(why_not_expected_);
}

io::Task<void> HydraDatabase::look_for_expected_times() {
  const Seconds at_most = std::min(timeout_, times_timeout);
  const auto times = expected_times_of(co_await postgres_.query(database_, std::string(expected_times_query), at_most));
  expected_times_ = times.value_or(std::map<std::string, Millis>{});
  why_not_expected_.clear();
  if (times) co_return;
  why_not_expected_ = fmt::format(
      "{}; while BuildSteps and Builds cannot be read, scaling = \"work\" counts with the queue runner's own mean of "
      "step times; {}",
      times.error().message, where_rights_are);
}

}  // namespace hydra_provisioner::observe
