#include "observe/queue_document.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "io/text/json.hpp"
#include "observe/members.hpp"

namespace hydra_provisioner::observe {
namespace {

using QueueMachines = std::map<std::string, QueueMachine>;

constexpr std::size_t name_bytes_max = 1024;

// Of an element of a list: `demand[2]`.
std::string place(std::string_view list, std::size_t index) { return fmt::format("{}[{}]", list, index); }

// As read_number_if_any(), but null is unknown, too.
Expected<std::optional<std::int64_t>> read_known(const io::Json& object, const char* key, std::int64_t max) {
  const io::Json* value = member(object, key);
  if (value == nullptr || value->is_null()) return std::optional<std::int64_t>{};
  return read_number_if_any(object, key, max);
}

// A moment that is known: 0 is none, though some programs print it for one that is not known.
Expected<std::optional<Instant>> read_moment(const io::Json& object, const char* key) {
  const auto seconds = read_known(object, key, unix_time_max);
  if (!seconds) return std::unexpected(seconds.error());
  if (!*seconds) return std::optional<Instant>{};
  if (**seconds == 0) return failure(fmt::format("{}: 0 is no time; leave it out if it is not known", key));
  return std::optional(from_unix(**seconds));
}

// A system, a feature or a machine: a word that fits into a key of a step type or a column of the machines file.
Expected<std::string> read_word(const io::Json& value, std::string_view separators) {
  auto text = io::as_text(value);
  if (!text) return text;
  const auto is_wrong = [&](char c) { return static_cast<unsigned char>(c) <= ' ' || separators.contains(c); };
  if (text->empty() || text->size() > name_bytes_max || std::ranges::any_of(*text, is_wrong)) {
    return failure(fmt::format("{} is not a name: expected 1 to {} bytes without blanks{}", io::describe(value),
                               name_bytes_max, separators.empty() ? "" : fmt::format(" and \"{}\"", separators)));
  }
  return text;
}

Expected<std::string> word_in(const io::Json& object, const char* key, std::string_view separators) {
  const io::Json* value = member(object, key);
  if (value == nullptr) return failure(fmt::format("{}: missing, expected a string", key));
  auto word = read_word(*value, separators);
  if (!word) return std::unexpected(within(key, std::move(word.error())));
  return word;
}

Expected<std::set<std::string>> read_features(const io::Json& entry) {
  std::set<std::string> features;
  const io::Json* list = member(entry, "features");
  if (list == nullptr) return features;
  if (!list->is_array()) return failure(fmt::format("features: {} is not a list", io::describe(*list)));
  for (const io::Json& value : *list) {
    auto feature = read_word(value, ":,");
    if (!feature) return std::unexpected(within("features", std::move(feature.error())));
    features.insert(*std::move(feature));
  }
  return features;
}

Expected<StepTypeCount> read_demand_entry(const io::Json& entry) {
  const auto system = word_in(entry, "system", ":,");
  if (!system) return std::unexpected(system.error());
  const auto features = read_features(entry);
  if (!features) return std::unexpected(features.error());
  const auto waiting = read_number(entry, "waiting", count_max);
  if (!waiting) return std::unexpected(waiting.error());
  const auto running = read_number_if_any(entry, "running", count_max);
  if (!running) return std::unexpected(running.error());
  std::string key = features->empty() ? *system : fmt::format("{}:{}", *system, fmt::join(*features, ","));
  const StepType type = parse_step_type(key);
  return StepTypeCount{.key = std::move(key), .type = type, .runnable = *waiting, .running = running->value_or(0)};
}

Expected<const io::Json*> list_in(const io::Json& document, const char* key) {
  const io::Json* list = member(document, key);
  if (list == nullptr) return failure(fmt::format("{}: missing, expected a list", key));
  if (!list->is_array()) return failure(fmt::format("{}: {} is not a list", key, io::describe(*list)));
  return list;
}

// Entries of one type are added up.
Expected<std::vector<StepTypeCount>> read_demand(const io::Json& document) {
  const auto list = list_in(document, "demand");
  if (!list) return std::unexpected(list.error());
  std::map<std::string, StepTypeCount> types;
  for (std::size_t index = 0; index < (*list)->size(); ++index) {
    const io::Json& entry = (**list)[index];
    if (!entry.is_object()) return std::unexpected(not_an_object(place("demand", index), entry));
    auto count = read_demand_entry(entry);
    if (!count) return std::unexpected(below(place("demand", index), std::move(count.error())));
    const auto [known, is_new] = types.try_emplace(count->key, *count);
    if (is_new) continue;
    known->second.runnable += count->runnable;
    known->second.running += count->running;
  }
  std::vector<StepTypeCount> counts;
  counts.reserve(types.size());
  for (auto& [key, count] : types) counts.push_back(std::move(count));
  return counts;
}

Expected<QueueMachine> read_queue_machine(const io::Json& entry) {
  QueueMachine machine;
  if (const io::Json* listed = member(entry, "listed"); listed != nullptr && !listed->is_null()) {
    auto is_listed = io::as_boolean(*listed);
    if (!is_listed) return std::unexpected(within("listed", std::move(is_listed.error())));
    machine.enabled = *is_listed;
  }
  const auto jobs = read_known(entry, "jobs", count_max);
  if (!jobs) return std::unexpected(jobs.error());
  machine.current_jobs = *jobs;
  const auto idle_since = read_moment(entry, "idleSince");
  if (!idle_since) return std::unexpected(idle_since.error());
  machine.idle_since = *idle_since;
  const auto failures = read_known(entry, "failures", count_max);
  if (!failures) return std::unexpected(failures.error());
  machine.consecutive_failures = *failures;
  const auto last_failure = read_moment(entry, "lastFailure");
  if (!last_failure) return std::unexpected(last_failure.error());
  machine.last_failure = *last_failure;
  return machine;
}

Expected<void> add_machine(QueueMachines& machines, const io::Json& entry, std::size_t index) {
  if (!entry.is_object()) return std::unexpected(not_an_object(place("machines", index), entry));
  const auto name = word_in(entry, "name", "");
  if (!name) return std::unexpected(below(place("machines", index), name.error()));
  auto machine = read_queue_machine(entry);
  if (!machine) return std::unexpected(below(place("machines", index), std::move(machine.error())));
  if (!machines.try_emplace(name_in_machines_file(*name), *std::move(machine)).second)
    return failure(fmt::format("{}.name: {} is there twice", place("machines", index), io::describe(io::Json(*name))));
  return {};
}

Expected<std::optional<QueueMachines>> read_queue_machines(const io::Json& document) {
  const io::Json* given = member(document, "machines");
  if (given == nullptr || given->is_null()) return std::optional<QueueMachines>{};
  const auto list = list_in(document, "machines");
  if (!list) return std::unexpected(list.error());
  QueueMachines machines;
  for (std::size_t index = 0; index < (*list)->size(); ++index) {
    if (auto added = add_machine(machines, (**list)[index], index); !added)
      return std::unexpected(std::move(added.error()));
  }
  return std::optional(std::move(machines));
}

Expected<QueueStatus> read_description(const io::Json& document, Instant arrived) {
  if (!document.is_object()) return std::unexpected(not_an_object("the document", document));
  const auto seconds = read_number(document, "time", unix_time_max);
  if (!seconds) return std::unexpected(seconds.error());
  const Instant time = from_unix(*seconds);
  if (auto fits = check_clocks(time, arrived); !fits) return std::unexpected(std::move(fits.error()));
  const auto started = read_moment(document, "started");
  if (!started) return std::unexpected(started.error());
  if (*started && **started > time)
    return failure(fmt::format("started: {} s later than time, expected an earlier time", (**started - time).count()));
  auto demand = read_demand(document);
  if (!demand) return std::unexpected(std::move(demand.error()));
  auto machines = read_queue_machines(document);
  if (!machines) return std::unexpected(std::move(machines.error()));
  QueueStatus status{.time = time,
                     .arrived = arrived,
                     .started = *started,
                     .step_types = *std::move(demand),
                     .machines = *std::move(machines)};
  status.from_program = true;
  return status;
}

}  // namespace

Queue read_queue_document(std::string_view text, Instant arrived) {
  const auto document = io::parse_json(text);
  if (!document) return std::unexpected(Untrusted{"the document is not usable JSON: " + document.error().message});
  auto status = read_description(*document, arrived);
  if (!status) return std::unexpected(Untrusted{std::move(status.error().message)});
  return *std::move(status);
}

}  // namespace hydra_provisioner::observe
