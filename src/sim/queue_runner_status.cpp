// The status of the queue runner, as a document and parsed.
#include <algorithm>
#include <tuple>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "io/text/iso_time.hpp"
#include "sim/queue_runner.hpp"

namespace hydra_provisioner::sim {
namespace {

std::string names_json(const std::set<std::string>& names) {
  return names.empty() ? "[]" : fmt::format(R"(["{}"])", fmt::join(names, R"(",")"));
}

// Every second step was first needed by a build that was cancelled, and is needed by another one.
constexpr std::int64_t unfinished_build = 1;
constexpr std::int64_t cancelled_build = 2;

std::string derivation_of(std::int64_t step) { return fmt::format("step-{}.drv", step); }

}  // namespace

// Of the machines that are long gone, one for each kind.
std::map<std::string, const QueueRunner::Known*> QueueRunner::shown_machines(std::vector<Known>& past) const {
  std::map<std::string, const Known*> shown;
  for (const auto& [name, machine] : machines_) shown.emplace(name, &machine);
  past.reserve(past_.size());
  for (const auto& [line, done] : past_) {
    past.push_back({.line = line, .is_enabled = false, .idle_since = started_, .done = done});
    shown.emplace(fmt::format("root@past{}.farm.example", past.size()), &past.back());
  }
  return shown;
}

std::string QueueRunner::status_document() const {
  std::string text =
      fmt::format(R"({{"status":"up","time":{},"uptime":{},"pid":{},"nrRunnableSteps":{},"nrActiveSteps":{},)"
                  R"("nrUnsupportedSteps":0,)",
                  to_unix(clock()), (clock() - started_).count(), starts_, waiting_steps(), running_steps());
  if (style_.lists_machines) text += fmt::format(R"("machines":{},)", machines_json());
  return text + fmt::format(R"("machineTypes":{}}})", types_json());
}

std::string QueueRunner::machines_json() const {
  std::vector<Known> past;
  std::string text = "{";
  for (const auto& [name, machine] : shown_machines(past)) {
    text += fmt::format(R"({}"{}{}":{{"enabled":{},"currentJobs":{},)", text.size() > 1 ? "," : "",
                        style_.writes_uris ? "ssh://" : "", name, machine->is_enabled, machine->jobs());
    if (machine->jobs() == 0) text += fmt::format(R"("idleSince":{},)", to_unix(machine->idle_since));
    if (machine->done.steps > 0)
      text += fmt::format(R"("totalStepTime":{},)", std::chrono::floor<Seconds>(machine->done.time).count());
    text += fmt::format(R"("nrStepsDone":{},"lastFailure":{},"consecutiveFailures":{},"systemTypes":{},)"
                        R"("supportedFeatures":{},"mandatoryFeatures":{}}})",
                        machine->done.steps, to_unix(machine->last_failure), machine->failures,
                        names_json(machine->line.systems), names_json(machine->line.supported),
                        names_json(machine->line.mandatory));
  }
  return text + "}";
}

std::string QueueRunner::types_json() const {
  std::string text = "{";
  for (const auto& [key, type] : types_) {
    text += fmt::format(R"({}"{}":{{"runnable":{},"running":{}}})", text.size() > 1 ? "," : "", key, type.waiting(),
                        type.running);
  }
  return text + "}";
}

observe::RustDocuments QueueRunner::rust_documents() const {
  const std::string checks = fmt::format(R"("queueChecksFinished":{},)", is_reading_queue() ? 0 : 1);
  const auto in_use = std::ranges::count_if(machines_, [](const auto& each) { return each.second.jobs() > 0; });
  return {
      .status = fmt::format(R"({{"queueRunner":{{"status":"up","time":"{}","uptime":{},{}"machinesTotal":{},)"
                            R"("machinesInUse":{}}},"machines":{}}})",
                            io::iso_time(clock()), (clock() - started_).count(),
                            style_.counts_queue_checks ? checks : "", machines_.size(), in_use, joined_machines_json()),
      .queues = fmt::format(R"({{"queues":{}}})", queues_json()),
      .builds = fmt::format(R"({{"builds":[{{"id":{}}}]}})", unfinished_build)};
}

// Of two machines of one host name it shows one.
std::string QueueRunner::joined_machines_json() const {
  std::map<std::string, const Known*> shown;
  for (const auto& [connection, machine] : machines_) shown.emplace(machine.host_name, &machine);
  std::string text = "{";
  for (const auto& [name, machine] : shown) {
    const bool is_idle = machine->jobs() == 0;
    text += fmt::format(
        R"({}"{}":{{"systems":{},"supportedFeatures":{},"mandatoryFeatures":{},"buildDirAvailThreshold":10.0,)"
        R"("storeAvailThreshold":10.0,"uptime":{},"maxJobs":{},"jobs":[],)"
        R"("stats":{{"currentJobs":{},"idleSince":{},"lastPing":{},)"
        R"("buildDirFreePercent":{},"storeFreePercent":80.0,"nrStepsDone":{},"totalStepTimeMs":{},)"
        R"("consecutiveFailures":{},"succeededBuilds":{}}}}})",
        text.size() > 1 ? "," : "", name, names_json(machine->line.systems), names_json(machine->line.supported),
        names_json(machine->line.mandatory), (clock() - machine->joined_at).count(), machine->line.max_jobs,
        machine->jobs(), is_idle ? to_unix(machine->idle_since) : 0, to_unix(machine->pinged_at),
        machine->is_enabled ? 50 : 0, machine->done.steps, machine->done.time.count(), machine->failures,
        machine->done.steps);
  }
  return text + "}";
}

std::string QueueRunner::queues_json() const {
  if (is_reading_queue()) return "{}";
  std::map<std::string, std::string> queues;
  for (const auto& [number, step] : steps_) {
    std::string& queue = queues[step.type->type.system];
    queue +=
        fmt::format(R"({}{{"drvPath":"{}","alreadyScheduled":{},"runnable":true,"finished":false,"cancelled":false,)"
                    R"("lowestBuildId":{}}})",
                    queue.empty() ? "" : ",", derivation_of(number), step.machine != nullptr,
                    number % 2 == 0 ? cancelled_build : unfinished_build);
  }
  std::string text = "{";
  for (const auto& [system, steps] : queues)
    text += fmt::format(R"({}"{}":[{}])", text.size() > 1 ? "," : "", system, steps);
  return text + "}";
}

observe::RequiredFeatures QueueRunner::required_features() const {
  observe::RequiredFeatures features;
  for (const auto& [number, step] : steps_) features.emplace(derivation_of(number), step.type->type.features);
  return features;
}

std::optional<observe::StepsUnderWay> QueueRunner::steps_under_way() const {
  if (!style_.has_database) return std::nullopt;
  observe::StepsUnderWay steps;
  for (const auto& [name, machine] : machines_) {
    const std::int64_t count = machine.jobs() + (machine.fetching_until > timeline_.now() ? 1 : 0);
    if (count > 0) steps.emplace(name, count);
  }
  return steps;
}

QueueStatus QueueRunner::status(Instant arrived) const {
  QueueStatus status{.time = clock(), .arrived = arrived, .started = started_, .step_types = {}, .machines = {}};
  for (const auto& [key, type] : types_)
    status.step_types.push_back({.key = key, .type = type.type, .runnable = type.waiting(), .running = type.running});
  if (!style_.lists_machines) return status;
  status.machines.emplace();
  std::vector<Known> past;
  for (const auto& [name, machine] : shown_machines(past)) {
    QueueMachine entry{.enabled = machine->is_enabled, .current_jobs = machine->jobs(), .idle_since = {}};
    if (machine->jobs() == 0) entry.idle_since = machine->idle_since;
    entry.last_failure = machine->last_failure;
    status.machines->emplace(name, entry);
    if (machine->done.steps == 0) continue;
    const publish::MachineLine& line = machine->line;
    auto kind = std::ranges::find_if(status.history, [&](const StepHistory& other) {
      return other.systems == line.systems && other.mandatory_features == line.mandatory &&
             other.supported_features == line.supported;
    });
    if (kind == status.history.end()) {
      kind = status.history.insert(
          kind, {.systems = line.systems, .mandatory_features = line.mandatory, .supported_features = line.supported});
    }
    kind->steps += machine->done.steps;
    kind->time += std::chrono::floor<Seconds>(machine->done.time);
  }
  std::ranges::sort(status.history, {}, [](const StepHistory& kind) {
    return std::tie(kind.systems, kind.mandatory_features, kind.supported_features);
  });
  return status;
}

}  // namespace hydra_provisioner::sim
