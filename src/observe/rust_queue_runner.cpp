#include <algorithm>
#include <cstddef>
#include <iterator>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "io/async/gather.hpp"
#include "io/process/subprocess.hpp"
#include "io/text/strings.hpp"
#include "observe/queue_source.hpp"
#include "observe/rust_documents.hpp"

namespace hydra_provisioner::observe {
namespace {

constexpr long ok = 200;
constexpr long not_found = 404;
constexpr Seconds eviction_deadline{10};

// Derivations whose inputs are read at a time. From this host's store that takes a second or two.
constexpr std::size_t read_at_a_time = 50'000;
constexpr std::size_t printed_at_a_time = 10'000;
constexpr int failed_store_calls_max = 40;
// How long derivations are read, then the pass has to go on; and how much of that for inputs, because without their
// features no steps are counted at all.
constexpr Seconds reads_for{20};
constexpr Seconds reads_inputs_for{10};

std::string why_refused(long status) {
  if (status == 401 || status == 403)
    return "something before the queue runner wants a login; give the queue runner's own address";
  if (status / 100 == 3) return "redirects are not followed; give the address behind it";
  if (status == not_found) return "is that the queue runner's own server?";
  return "look into its log";
}

std::string remedy_for(ErrorKind kind) {
  if (kind == ErrorKind::timed_out) return "statusTimeout says how long it may take";
  return "queue.url must be the address of the queue runner's own server";
}

}  // namespace

RustQueueRunner::RustQueueRunner(const Config& config, const std::string& state_dir, io::Clock& clock,
                                 std::size_t document_bytes_max)
    : url_(io::without_trailing(config.queue.url, "/")),
      database_(config.queue.database),
      command_(config.queue.command),
      evict_command_(config.queue.evict_command),
      timeout_(config.status_timeout),
      document_bytes_max_(document_bytes_max),
      clock_(clock),
      store_(config.queue.store_command, clock),
      derivations_(store_, fmt::format("{}/{}.derivations.json", state_dir, config.tag), clock) {}

io::Task<Queue> RustQueueRunner::read() {
  Expected<std::string> status;
  Expected<std::string> queues;
  Expected<std::string> builds;
  co_await io::run_all({[&] { return fetch_into(status, "/status"); }, [&] { return fetch_queues_into(queues); },
                        [&] { return fetch_into(builds, "/status/builds"); }},
                       3);
  for (const auto* document : {&status, &queues, &builds}) {
    if (!*document) co_return std::unexpected(Untrusted{document->error().message});
  }
  auto queue = read_rust_documents({*std::move(status), *std::move(queues), *std::move(builds)}, clock_.now());
  if (!queue) co_return std::unexpected(untrusted(queue.error()));
  const Instant begin = clock_.now();
  co_await add_needed_steps(*queue, begin + reads_inputs_for);
  std::set<std::string> derivations;
  for (const QueuedStep& step : queue->steps) derivations.insert(step.derivation);
  const RequiredFeatures features = co_await derivations_.features_of(std::move(derivations), begin + reads_for);
  co_return with_step_types(*std::move(queue), features);
}

io::Task<Queue> RustQueueRunner::read_machines() {
  const auto document = co_await fetch("/status");
  if (!document) co_return std::unexpected(Untrusted{document.error().message});
  auto status = read_rust_status(*document, clock_.now());
  if (!status) co_return std::unexpected(untrusted(status.error()));
  co_return *std::move(status);
}

// Of a document, whose name the message begins with.
Untrusted RustQueueRunner::untrusted(const Error& error) const {
  return {(command_.empty() ? url_ : "") + error.message};
}

// Of the doubtful steps, those that a build needs wait like any other.
io::Task<void> RustQueueRunner::add_needed_steps(RustQueue& queue, Instant end) {
  std::set<std::string> doubtful;
  for (const QueuedStep& step : queue.doubtful) doubtful.insert(step.derivation);
  needed_.ask(doubtful, queue.builds, clock_.now(), store_.is_command() ? printed_at_a_time : read_at_a_time);
  co_await look_for_needed_steps(end);
  std::ranges::copy_if(queue.doubtful, std::back_inserter(queue.steps),
                       [&](const QueuedStep& step) { return needed_.is_needed(step.derivation); });
  const auto [steps, why] = needed_.undecided();
  if (steps > 0)
    queue.status.remarks.push_back(not_counted(steps, "it is not known whether a build needs it",
                                               "it is not known whether a build needs them", why));
}

// What is not read now is read the next time.
io::Task<void> RustQueueRunner::look_for_needed_steps(Instant end) {
  int failures_left = failed_store_calls_max;
  bool has_read = false;
  while (failures_left > 0 && clock_.now() < end) {
    std::vector<std::string> names = needed_.unread(DerivationStore::asked_at_once);
    if (names.empty()) co_return;
    const auto answer = co_await store_.read(std::move(names), failures_left, end);
    failures_left -= answer.failed_calls;
    const bool is_cut_off = has_read && clock_.now() >= end;  // it works, and had too little time
    const auto noted = note_inputs(answer);
    if (noted) {
      has_read = true;
    } else if (store_.is_command() && !is_cut_off) {
      needed_.note_failure(noted.error().message, clock_.now());
      co_return;
    }
    co_await clock_.sleep_for(Millis{0});  // others want to go on, too
  }
}

// Fails if none could be read.
Expected<void> RustQueueRunner::note_inputs(const DerivationStore::Answer& answer) {
  Expected<void> noted = failure("");
  for (const auto& [name, derivation] : answer.derivations) {
    if (derivation) {
      needed_.learn(name, derivation->inputs);
      noted = {};
      continue;
    }
    const Error& error = derivation.error();
    if (error.kind != ErrorKind::unanswered) needed_.note_unreadable(name, error.message, clock_.now());
    if (!noted) noted = failure(error.message);
  }
  return noted;
}

// As when a build is added: it then looks at all steps and machines.
io::Task<Expected<void>> RustQueueRunner::wake() { return postgres_.notify(database_, "builds_added", "0"); }

io::Task<Expected<void>> RustQueueRunner::evict(MachineId, std::string host) {
  io::Command command{.argv = evict_command_, .deadline = eviction_deadline};
  command.argv.push_back(std::move(host));
  const auto evicted = co_await io::run_successfully(std::move(command));
  if (!evicted) co_return std::unexpected(within("queue.evictCommand", evicted.error()));
  co_return Expected<void>{};
}

io::Task<void> RustQueueRunner::fetch_into(Expected<std::string>& document, std::string path) {
  document = co_await fetch(std::move(path));
}

// A later version has a queue for each of its tenants.
io::Task<void> RustQueueRunner::fetch_queues_into(Expected<std::string>& document) {
  document = co_await fetch("/status/queues");
  const bool is_elsewhere = !document && document.error().kind == ErrorKind::refused;
  if (!is_elsewhere) co_return;
  if (auto of_main = co_await fetch("/status/queues/main")) document = std::move(of_main);
}

io::Task<Expected<std::string>> RustQueueRunner::fetch(std::string path) {
  return command_.empty() ? fetch_by_http(std::move(path)) : fetch_by_command(std::move(path));
}

io::Task<Expected<std::string>> RustQueueRunner::fetch_by_command(std::string path) {
  io::Command command{.argv = command_, .deadline = timeout_, .output_bytes_max = document_bytes_max_};
  command.argv.push_back(path);
  auto finished = co_await io::run_successfully(std::move(command));
  if (finished) co_return std::move(finished->output);
  // `curl -f` exits with 22 for 404, too.
  const ErrorKind kind = finished.error().kind == ErrorKind::timed_out ? ErrorKind::timed_out : ErrorKind::refused;
  co_return failure(fmt::format("{}: {}", path, finished.error().message), kind);
}

io::Task<Expected<std::string>> RustQueueRunner::fetch_by_http(std::string path) {
  auto answer = co_await http_.send(
      {.url = url_ + path, .is_direct = true, .deadline = timeout_, .answer_bytes_max = document_bytes_max_});
  if (!answer) co_return failure(fmt::format("{}; {}", answer.error().message, remedy_for(answer.error().kind)));
  if (answer->status == ok) co_return std::move(answer->body);
  co_return failure(fmt::format("{}{}: HTTP status {}: {}", url_, path, answer->status, why_refused(answer->status)),
                    answer->status == not_found ? ErrorKind::refused : ErrorKind::failed);
}

}  // namespace hydra_provisioner::observe
