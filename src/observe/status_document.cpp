#include "observe/status_document.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "io/text/json.hpp"
#include "observe/members.hpp"

namespace hydra_provisioner::observe {
namespace {

using QueueMachines = std::map<std::string, QueueMachine>;

// Ignores the other keys: a big document is then read three times as fast.
bool is_read(std::size_t level, std::string_view key) {
  const auto is_one_of = [key](const auto&... keys) { return ((key == keys) || ...); };
  switch (level) {
    case 1:
      return is_one_of("status", "time", "uptime", "nrQueuedBuilds", "nrUnfinishedSteps", "nrRunnableSteps",
                       "nrUnsupportedSteps", "machineTypes", "machines", "queueRunner");
    case 3:
      return is_one_of("runnable", "running", "enabled", "currentJobs", "idleSince", "lastFailure",
                       "consecutiveFailures", "nrStepsDone", "totalStepTime", "systemTypes", "supportedFeatures",
                       "mandatoryFeatures");
    default:
      return true;
  }
}

constexpr std::int64_t step_seconds_max = 1'000'000'000'000;  // of all steps of a machine

Expected<void> check_that_it_is_up(const io::Json& document);
Expected<Instant> read_time(const io::Json& document, Instant arrived);
Expected<std::vector<StepTypeCount>> read_step_types(const io::Json& document);
Expected<std::optional<QueueMachines>> read_machines(const io::Json& document);
std::vector<StepHistory> read_history(const io::Json& document);
bool is_an_empty_copy(const QueueMachines& machines, const std::vector<StepTypeCount>& step_types);

Expected<QueueStatus> read_status(const io::Json& document, Instant arrived) {
  if (auto up = check_that_it_is_up(document); !up) return std::unexpected(std::move(up.error()));
  const auto time = read_time(document, arrived);
  if (!time) return std::unexpected(time.error());
  auto step_types = read_step_types(document);
  if (!step_types) return std::unexpected(std::move(step_types.error()));
  auto machines = read_machines(document);
  if (!machines) return std::unexpected(std::move(machines.error()));
  if (machines->has_value() && is_an_empty_copy(**machines, *step_types)) machines->reset();
  return QueueStatus{.time = *time,
                     .arrived = arrived,
                     .started = read_start(document, *time),
                     .step_types = *std::move(step_types),
                     .machines = *std::move(machines),
                     .history = read_history(document)};
}

}  // namespace

Queue read_status_document(std::string_view text, Instant arrived) {
  const auto document = io::parse_json(text, is_read);
  if (!document) return std::unexpected(Untrusted{"the status is not usable JSON: " + document.error().message});
  auto status = read_status(*document, arrived);
  if (!status) return std::unexpected(Untrusted{std::move(status.error().message)});
  return *std::move(status);
}

namespace {

Expected<void> check_that_it_is_up(const io::Json& document) {
  if (!document.is_object()) return std::unexpected(not_an_object("the status", document));
  if (document.contains("queueRunner")) {
    return failure(
        R"(the status is one of the Rust queue runner (Hydra since March 2026); set queue.type = "hydra-rust")");
  }
  const io::Json* status = member(document, "status");
  if (status == nullptr)
    return failure("status: missing, expected \"up\"; is this the output of hydra-queue-runner --status?");
  if (*status == "down") return failure("status: the queue runner says that it is \"down\"; start hydra-queue-runner");
  if (*status != "up") return failure(fmt::format("status: {} is not \"up\"", io::describe(*status)));
  return {};
}

Expected<Instant> read_time(const io::Json& document, Instant arrived) {
  const auto time = read_number(document, "time", unix_time_max);
  if (!time) return std::unexpected(time.error());
  if (auto fits = check_clocks(from_unix(*time), arrived); !fits) return std::unexpected(std::move(fits.error()));
  return from_unix(*time);
}

// Hydra of early 2023 sometimes printed empty objects instead of its data. So a document without step types is trusted
// only if no step waits.
Expected<void> check_that_nothing_waits(const io::Json& document) {
  const auto runnable = read_number_if_any(document, "nrRunnableSteps", count_max);
  if (!runnable) return std::unexpected(runnable.error());
  const auto unsupported = read_number_if_any(document, "nrUnsupportedSteps", count_max);  // since 2020
  if (!unsupported) return std::unexpected(unsupported.error());
  if (runnable->value_or(0) <= unsupported->value_or(0)) return {};
  return failure(fmt::format("machineTypes: empty, although nrRunnableSteps is {} and nrUnsupportedSteps {}",
                             runnable->value_or(0), unsupported->value_or(0)));
}

// After steps were aborted, the queue runner may go on counting them as runnable, though nothing is unfinished.
bool is_nothing_unfinished(const io::Json& document) {
  const auto is_zero = [&](const char* key) {
    const auto count = read_number_if_any(document, key, count_max);
    return count && count->has_value() && **count == 0;
  };
  return is_zero("nrQueuedBuilds") && is_zero("nrUnfinishedSteps");
}

Expected<StepTypeCount> read_step_type(const std::string& key, const io::Json& entry) {
  if (!entry.is_object()) return std::unexpected(not_an_object(path_of("machineTypes", key), entry));
  auto runnable = read_number(entry, "runnable", count_max);
  if (!runnable) return std::unexpected(below(path_of("machineTypes", key), std::move(runnable.error())));
  auto running = read_number(entry, "running", count_max);
  if (!running) return std::unexpected(below(path_of("machineTypes", key), std::move(running.error())));
  return StepTypeCount{.key = key, .type = parse_step_type(key), .runnable = *runnable, .running = *running};
}

Expected<std::vector<StepTypeCount>> read_step_types(const io::Json& document) {
  const io::Json* types = member(document, "machineTypes");
  if (types == nullptr) return failure("machineTypes: missing, so the waiting steps are not known");
  if (!types->is_object()) return std::unexpected(not_an_object("machineTypes", *types));
  if (types->empty()) {
    if (auto nothing = check_that_nothing_waits(document); !nothing) return std::unexpected(std::move(nothing.error()));
  }
  const bool is_phantom = is_nothing_unfinished(document);
  std::vector<StepTypeCount> counts;
  counts.reserve(types->size());
  for (const auto& [key, entry] : types->get_ref<const io::Json::object_t&>()) {
    auto count = read_step_type(key, entry);
    if (!count) return std::unexpected(std::move(count.error()));
    counts.push_back(*std::move(count));
    if (is_phantom) counts.back().runnable = 0;
  }
  return counts;
}

Expected<QueueMachine> read_machine(const io::Json& entry) {
  QueueMachine machine;
  if (const io::Json* value = member(entry, "enabled")) {
    auto enabled = io::as_boolean(*value);
    if (!enabled) return std::unexpected(within("enabled", std::move(enabled.error())));
    machine.enabled = *enabled;
  }
  auto current_jobs = read_number_if_any(entry, "currentJobs", count_max);
  if (!current_jobs) return std::unexpected(std::move(current_jobs.error()));
  machine.current_jobs = *current_jobs;
  auto idle_since = read_number_if_any(entry, "idleSince", unix_time_max);
  if (!idle_since) return std::unexpected(std::move(idle_since.error()));
  if (idle_since->has_value()) machine.idle_since = from_unix(**idle_since);
  // These are hints only: without proof of idleness no machine is stopped for them. So a wrong value does not make the
  // document untrusted.
  const auto last_failure = read_number_if_any(entry, "lastFailure", unix_time_max);
  if (last_failure && last_failure->has_value()) machine.last_failure = from_unix(**last_failure);
  machine.consecutive_failures = read_number_if_any(entry, "consecutiveFailures", count_max).value_or(std::nullopt);
  machine.kind = read_kind(entry, "systemTypes");
  return machine;
}

template <class T, class Join>
std::optional<T> both_known(std::optional<T> a, std::optional<T> b, Join join) {
  if (!a || !b) return std::nullopt;
  return join(*a, *b);
}

// Merges two entries of one machine: after its line changed, the old entry stays as a disabled one until the queue
// runner restarts. The machine is as busy as both together. What one of them does not say is unknown.
QueueMachine together(const QueueMachine& a, const QueueMachine& b) {
  return {
      .enabled = both_known(a.enabled, b.enabled, [](bool x, bool y) { return x || y; }),
      .current_jobs = both_known(a.current_jobs, b.current_jobs, [](std::int64_t x, std::int64_t y) { return x + y; }),
      .idle_since = both_known(a.idle_since, b.idle_since, [](Instant x, Instant y) { return std::max(x, y); }),
      .last_failure = std::max(a.last_failure, b.last_failure),
      // The higher number belongs to the entry that is not used any more.
      .consecutive_failures = both_known(a.consecutive_failures, b.consecutive_failures,
                                         [](std::int64_t x, std::int64_t y) { return std::min(x, y); }),
      .kind = a.enabled == true ? a.kind : b.kind};
}

Expected<std::optional<QueueMachines>> read_machines(const io::Json& document) {
  const io::Json* entries = member(document, "machines");
  if (entries == nullptr || entries->is_null()) return std::optional<QueueMachines>{};
  if (!entries->is_object()) return std::unexpected(not_an_object("machines", *entries));
  QueueMachines machines;
  for (const auto& [key, entry] : entries->get_ref<const io::Json::object_t&>()) {
    if (!entry.is_object()) return std::unexpected(not_an_object(path_of("machines", key), entry));
    auto machine = read_machine(entry);
    if (!machine) return std::unexpected(below(path_of("machines", key), std::move(machine.error())));
    const auto [known, is_new] = machines.try_emplace(name_in_machines_file(key), *machine);
    if (!is_new) known->second = together(known->second, *machine);
  }
  return std::optional(std::move(machines));
}

std::vector<StepHistory> read_history(const io::Json& document) {
  const io::Json* entries = member(document, "machines");
  if (entries == nullptr || !entries->is_object()) return {};
  using Names = std::set<std::string>;
  std::map<std::tuple<Names, Names, std::optional<Names>>, StepHistory> kinds;
  for (const auto& [key, entry] : entries->get_ref<const io::Json::object_t&>()) {
    if (!entry.is_object()) continue;
    const auto steps = read_number_if_any(entry, "nrStepsDone", count_max);
    const auto time = read_number_if_any(entry, "totalStepTime", step_seconds_max);
    if (!steps || !time || steps->value_or(0) == 0 || !time->has_value()) continue;
    const auto systems = names_in(entry, "systemTypes");
    const auto features = names_in(entry, "mandatoryFeatures");
    if (!systems || !features) continue;
    const auto supported = names_in(entry, "supportedFeatures");
    StepHistory& kind = kinds[{*systems, *features, supported}];
    kind.systems = *systems;
    kind.mandatory_features = *features;
    kind.supported_features = supported;
    kind.steps += **steps;
    kind.time += Seconds{**time};
  }
  std::vector<StepHistory> history;
  history.reserve(kinds.size());
  for (auto& [names, kind] : kinds) history.push_back(std::move(kind));
  return history;
}

// If steps run there are machines. So an empty object means nothing then: Hydra of early 2023 sometimes printed empty
// objects instead of its data.
bool is_an_empty_copy(const QueueMachines& machines, const std::vector<StepTypeCount>& step_types) {
  return machines.empty() &&
         std::ranges::any_of(step_types, [](const StepTypeCount& type) { return type.running > 0; });
}

}  // namespace
}  // namespace hydra_provisioner::observe
