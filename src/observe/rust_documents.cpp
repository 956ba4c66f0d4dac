#include "observe/rust_documents.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "io/text/iso_time.hpp"
#include "io/text/json.hpp"
#include "io/text/strings.hpp"
#include "observe/members.hpp"

namespace hydra_provisioner::observe {
namespace {

// A machine pings every 10 s by default, and is asked for that at most.
constexpr Seconds ping_max{30};
// A machine that fails all that it gets, such as one without a nix-daemon, gets more and more. Cancelled steps count as
// failures, too, and are often cancelled together, but have usually run for a while. One that has succeeded must have
// failed many.
constexpr std::int64_t first_failures_min = 3;
constexpr std::int64_t later_failures_min = 20;
constexpr std::int64_t quick_millis = 10'000;  // for a step
// The queue runner's own limit. As the lowest build of a step it means that none is known yet, as of steps that come
// out of the resolution of content-addressed derivations.
constexpr std::int64_t build_id_max = std::numeric_limits<std::int32_t>::max();
constexpr std::int64_t step_millis_max = 1'000'000'000'000'000;  // of all steps of a machine

Expected<io::Json> parse(std::string_view endpoint, const std::string& text) {
  if (io::trimmed(text).starts_with('<')) {
    return failure(fmt::format("{}: HTML instead of JSON; queue.url must be the queue runner's own server, not Hydra's",
                               endpoint));
  }
  auto json = io::parse_json(text);
  if (!json)
    return failure(
        fmt::format("{}: not usable JSON: {}; look at what is answered there", endpoint, json.error().message));
  if (!json->is_object()) return std::unexpected(not_an_object(endpoint, *json));
  return json;
}

// A member that has to be an object.
Expected<const io::Json*> object_in(const io::Json& document, std::string_view endpoint, const char* key) {
  const io::Json* value = member(document, key);
  if (value == nullptr) return failure(fmt::format("{}: {}: missing, expected an object", endpoint, key));
  if (!value->is_object()) return std::unexpected(not_an_object(fmt::format("{}: {}", endpoint, key), *value));
  return value;
}

Expected<Instant> read_rust_time(const io::Json& runner, Instant arrived) {
  const io::Json* text = member(runner, "time");
  const auto time =
      text != nullptr && text->is_string() ? io::parse_iso_time(text->get<std::string>()) : std::optional<Instant>{};
  if (!time) return failure(R"(/status: queueRunner.time: expected a time such as "2026-08-21T17:33:14Z")");
  if (auto fits = check_clocks(*time, arrived); !fits)
    return std::unexpected(below("/status: queueRunner", fits.error()));
  return *time;
}

// Which machine is idle or busy depends on these numbers.
Expected<QueueMachine> read_stats(const io::Json& entry, const io::Json& stats) {
  QueueMachine machine;
  const auto jobs = read_number(stats, "currentJobs", count_max);
  if (!jobs) return std::unexpected(jobs.error());
  const io::Json* list = member(entry, "jobs");
  const auto listed = list != nullptr && list->is_array() ? static_cast<std::int64_t>(list->size()) : 0;
  machine.current_jobs = std::max(*jobs, listed);
  const auto pinged = read_number(stats, "lastPing", unix_time_max);
  if (!pinged) return std::unexpected(pinged.error());
  machine.reported_at = from_unix(*pinged);
  // 0 while it is busy, and sometimes while it is idle.
  if (const auto idle = read_number_if_any(stats, "idleSince", unix_time_max); idle && idle->value_or(0) > 0)
    machine.idle_since = from_unix(**idle);
  return machine;
}

// Of a folder of the machine, in percent. Below the threshold it gets no new steps.
struct Room {
  double free = 0;
  double threshold = 0;

  bool suffices() const { return free >= threshold; }
};

// None: the document does not say.
std::optional<Room> room_in(const io::Json& entry, const io::Json& stats, const char* free_key,
                            const char* threshold_key) {
  const io::Json* free = member(stats, free_key);
  const io::Json* threshold = member(entry, threshold_key);
  if (free == nullptr || threshold == nullptr || !free->is_number() || !threshold->is_number()) return std::nullopt;
  return Room{.free = free->get<double>(), .threshold = threshold->get<double>()};
}

// A full build folder is how a machine is closed. Before its first ping nothing is known.
std::optional<bool> is_open(const io::Json& entry, const io::Json& stats) {
  const auto room = room_in(entry, stats, "buildDirFreePercent", "buildDirAvailThreshold");
  return room ? std::optional(room->suffices()) : std::nullopt;
}

// Such a machine gets no new steps, though its gate is open.
std::string why_store_is_full(const io::Json& entry, const io::Json& stats) {
  const auto room = room_in(entry, stats, "storeFreePercent", "storeAvailThreshold");
  if (!room || room->suffices()) return "";
  // Rounded down, so that it never looks like the threshold.
  return fmt::format("its store is full: {:.4g} % free, and it gets steps from {:.4g} % on",
                     std::floor(room->free * 10) / 10, room->threshold);
}

std::string why_black_hole(const io::Json& entry, const io::Json& stats) {
  const auto number = [](const io::Json& from, const char* key, std::int64_t unknown) {
    return read_number_if_any(from, key, count_max).value_or(unknown).value_or(unknown);
  };
  const std::int64_t failed = number(stats, "consecutiveFailures", 0);
  const bool has_succeeded = number(stats, "succeededBuilds", 1) > 0;
  if (failed < (has_succeeded ? later_failures_min : first_failures_min)) return "";
  const bool were_quick = !has_succeeded && number(stats, "totalStepTimeMs", 0) < failed * quick_millis;
  if (!were_quick && failed <= number(entry, "maxJobs", 0)) return "";  // they may have been cancelled
  if (has_succeeded) return fmt::format("its last {} steps have all failed", failed);
  return fmt::format("it has failed all {} steps that it got", failed);
}

std::string trouble_of(const io::Json& entry, const io::Json& stats, Seconds silence) {
  if (silence >= ping_max) return fmt::format("no ping for {} s", silence.count());
  if (std::string full = why_store_is_full(entry, stats); !full.empty()) return full;
  return why_black_hole(entry, stats);
}

Expected<QueueMachine> read_rust_machine(const io::Json& entry, Instant now) {
  if (!entry.is_object()) return failure(fmt::format("{} is not an object", io::describe(entry)));
  const io::Json* stats = member(entry, "stats");
  if (stats == nullptr || !stats->is_object()) return failure("stats: missing, expected an object");
  auto machine = read_stats(entry, *stats);
  if (!machine) return std::unexpected(below("stats", std::move(machine.error())));
  if (machine->reported_at == Instant{}) return machine;  // it has just connected
  machine->joined_at = read_start(entry, now);
  const Seconds silence = now - *machine->reported_at;
  machine->trouble = trouble_of(entry, *stats, silence);
  if (silence < ping_max) machine->enabled = is_open(entry, *stats);
  machine->kind = read_kind(entry, "systems");
  return machine;
}

// As the queue runner counts machines in use. A step that it has just given to one may be among its jobs already.
std::int64_t count_busy(const io::Json& machines) {
  return std::ranges::count_if(machines, [](const io::Json& entry) {
    return read_number(entry.at("stats"), "currentJobs", count_max).value_or(0) > 0;
  });
}

// Of two machines of one host name the document shows one, and counts both: all of them, and those that have steps.
void note_equal_names(QueueStatus& status, const io::Json& runner, const io::Json& machines) {
  const auto total = read_number_if_any(runner, "machinesTotal", count_max).value_or(std::nullopt);
  const auto shown = std::ssize(*status.machines);
  if (!total || *total <= shown) return;
  status.hides_machines = true;
  const auto busy = read_number_if_any(runner, "machinesInUse", count_max).value_or(std::nullopt);
  status.hidden_may_be_busy = !busy || *busy > count_busy(machines);
  status.remarks.push_back(
      fmt::format("the queue runner has {} machines, but only {} names: some machines have the same host name, and "
                  "hide each other; give each one of its own: while a hidden one may have steps, none is stopped or "
                  "destroyed",
                  *total, shown));
}

Expected<void> read_rust_machines(QueueStatus& status, const io::Json& document) {
  const auto entries = object_in(document, "/status", "machines");
  if (!entries) return std::unexpected(entries.error());
  status.machines.emplace();
  for (const auto& [name, entry] : (*entries)->items()) {
    auto machine = read_rust_machine(entry, status.time);
    if (!machine) return std::unexpected(below("/status: " + path_of("machines", name), std::move(machine.error())));
    status.machines->emplace(name, *std::move(machine));
  }
  return {};
}

void add_history(QueueStatus& status, const io::Json& machines) {
  std::map<MachineKind, StepHistory> kinds;
  for (const auto& [name, entry] : machines.items()) {
    const io::Json& stats = entry.at("stats");
    const auto steps = read_number_if_any(stats, "nrStepsDone", count_max).value_or(std::nullopt);
    const auto millis = read_number_if_any(stats, "totalStepTimeMs", step_millis_max).value_or(std::nullopt);
    const auto kind = read_kind(entry, "systems");
    if (!kind || !millis || steps.value_or(0) == 0) continue;
    StepHistory& history = kinds[*kind];
    history.systems = kind->systems;
    history.mandatory_features = kind->mandatory_features;
    history.supported_features = kind->supported_features;
    history.steps += *steps;
    history.time += std::chrono::duration_cast<Seconds>(Millis{*millis});
  }
  for (auto& [kind, history] : kinds) status.history.push_back(std::move(history));
}

Expected<QueueStatus> read_rust_status(const io::Json& document, Instant arrived) {
  if (document.contains("machineTypes"))
    return failure(R"(/status: this is the document of the queue runner in C++; set queue.type = "hydra")");
  const auto runner = object_in(document, "/status", "queueRunner");
  if (!runner) return failure(runner.error().message + "; does queue.url name Hydra's queue runner in Rust?");
  if (const io::Json* up = member(**runner, "status"); up == nullptr || *up != "up")
    return failure(
        fmt::format("/status: queueRunner.status: {} is not \"up\"", up == nullptr ? "nothing" : io::describe(*up)));
  if (read_number_if_any(**runner, "queueChecksFinished", count_max).value_or(std::nullopt) == 0)
    return failure("/status: the queue runner has just started, and does not know all its steps yet");
  const auto time = read_rust_time(**runner, arrived);
  if (!time) return std::unexpected(time.error());
  QueueStatus status{
      .time = *time, .arrived = arrived, .started = read_start(**runner, *time), .step_types = {}, .machines = {}};
  status.machines_join = true;
  if (auto read = read_rust_machines(status, document); !read) return std::unexpected(std::move(read.error()));
  note_equal_names(status, **runner, document.at("machines"));
  add_history(status, document.at("machines"));
  return status;
}

// The derivations of builds, by id.
Expected<std::map<std::int64_t, std::string>> read_builds(const io::Json& document) {
  const io::Json* list = member(document, "builds");
  if (list == nullptr || !list->is_array()) return failure("/status/builds: builds: expected a list");
  std::map<std::int64_t, std::string> builds;
  for (const io::Json& build : *list) {
    if (!build.is_object()) return std::unexpected(not_an_object("/status/builds: an element of builds", build));
    const auto id = read_number(build, "id", build_id_max);
    if (!id) return std::unexpected(below("/status/builds: an element of builds", id.error()));
    const io::Json* derivation = member(build, "drvPath");
    const bool has_one = derivation != nullptr && derivation->is_string();
    builds.insert_or_assign(*id, has_one ? derivation->get<std::string>() : "");
  }
  return builds;
}

bool is_true(const io::Json& step, const char* key) {
  const io::Json* value = member(step, key);
  return value != nullptr && *value == true;
}

// The lowest id stays when that build is cancelled.
bool has_lost_its_build(const io::Json& step, const std::map<std::int64_t, std::string>& builds) {
  const auto build = read_number_if_any(step, "lowestBuildId", build_id_max);
  return build && *build && **build != build_id_max && !builds.contains(**build);
}

// The steps of one system that wait or run.
Expected<void> read_queue(RustQueue& queue, const std::string& system, const io::Json& list,
                          const std::map<std::int64_t, std::string>& builds) {
  const std::string path = "/status/queues: " + path_of("queues", system);
  if (!list.is_array()) return failure(fmt::format("{}: {} is not a list", path, io::describe(list)));
  for (const io::Json& step : list) {
    if (!step.is_object()) return std::unexpected(not_an_object(path, step));
    const io::Json* derivation = member(step, "drvPath");
    if (derivation == nullptr || !derivation->is_string())
      return failure(fmt::format("{}: drvPath: expected the name of a derivation", path));
    if (!is_true(step, "runnable") || is_true(step, "finished") || is_true(step, "cancelled")) continue;
    const bool is_running = is_true(step, "alreadyScheduled");
    const bool is_doubtful = !is_running && has_lost_its_build(step, builds);
    (is_doubtful ? queue.doubtful : queue.steps).push_back({derivation->get<std::string>(), system, is_running});
  }
  return {};
}

std::string key_of(const std::string& system, const std::set<std::string>& features) {
  return features.empty() ? system : fmt::format("{}:{}", system, fmt::join(features, ","));
}

}  // namespace

Expected<QueueStatus> read_rust_status(const std::string& document, Instant arrived) {
  const auto json = parse("/status", document);
  if (!json) return std::unexpected(json.error());
  return read_rust_status(*json, arrived);
}

Expected<RustQueue> read_rust_documents(const RustDocuments& documents, Instant arrived) {
  auto status = read_rust_status(documents.status, arrived);
  if (!status) return std::unexpected(std::move(status.error()));
  const auto builds_json = parse("/status/builds", documents.builds);
  if (!builds_json) return std::unexpected(builds_json.error());
  const auto builds = read_builds(*builds_json);
  if (!builds) return std::unexpected(builds.error());
  const auto queues_json = parse("/status/queues", documents.queues);
  if (!queues_json) return std::unexpected(queues_json.error());
  const auto queues = object_in(*queues_json, "/status/queues", "queues");
  if (!queues) return std::unexpected(queues.error());
  RustQueue queue{.status = *std::move(status), .steps = {}, .doubtful = {}, .builds = {}};
  for (const auto& [system, list] : (*queues)->items()) {
    if (auto read = read_queue(queue, system, list, *builds); !read) return std::unexpected(std::move(read.error()));
  }
  for (const auto& [id, derivation] : *builds) {
    if (!derivation.empty()) queue.builds.push_back(derivation);
  }
  return queue;
}

std::string not_counted(std::int64_t steps, std::string_view why_one, std::string_view why_many,
                        std::string_view cause) {
  if (steps == 1) return fmt::format("1 step is not counted, because {}: {}", why_one, cause);
  return fmt::format("{} steps are not counted, because {}: {}", steps, why_many, cause);
}

QueueStatus with_step_types(RustQueue queue, const RequiredFeatures& features) {
  std::map<std::string, StepTypeCount> types;
  std::int64_t unknown = 0;
  std::string why = "there was no time to read them; the next pass goes on";
  for (const QueuedStep& step : queue.steps) {
    const auto found = features.find(step.derivation);
    if (found == features.end() || !found->second) {
      ++unknown;
      if (found != features.end()) why = found->second.error().message;
      continue;
    }
    const std::string key = key_of(step.system, *found->second);
    StepTypeCount& count = types[key];
    count.key = key;
    count.type = {.system = step.system, .features = *found->second};
    ++(step.is_running ? count.running : count.runnable);
  }
  for (auto& [key, count] : types) queue.status.step_types.push_back(std::move(count));
  if (unknown > 0) {
    queue.status.remarks.push_back(not_counted(unknown, "the features that it requires are not known",
                                               "the features that they require are not known", why));
  }
  return std::move(queue.status);
}

}  // namespace hydra_provisioner::observe
