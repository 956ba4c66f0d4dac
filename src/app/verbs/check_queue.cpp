#include "app/verbs/verbs.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "app/cli/output.hpp"
#include "app/verbs/tried_points.hpp"
#include "io/async/clock.hpp"
#include "io/process/subprocess.hpp"
#include "io/text/iso_time.hpp"
#include "io/text/json.hpp"
#include "model/queue.hpp"
#include "observe/members.hpp"
#include "observe/queue_document.hpp"

namespace hydra_provisioner::app {
namespace {

using providers::Verdict;

constexpr Seconds answer_max{30};
constexpr std::size_t document_bytes_max = std::size_t{64} << 20;

struct CheckQueueOptions {
  std::vector<std::string> command;
  bool json = false;
};

void declare(Arguments& arguments, CheckQueueOptions& options) {
  arguments.words("COMMAND...", "queue's command", into(options.command, Names::file));
  arguments.flag("--json", options.json, "print JSON");
}

template <class Value>
Verdict passed_if(const Expected<Value>& result) {
  return result ? Verdict{} : providers::failed(result.error().message);
}

struct Printed {
  std::string text;
  Instant arrived;  // our clock
};

io::Task<Expected<Printed>> run_once(std::vector<std::string> command, const io::Clock& clock) {
  io::Command call{.argv = std::move(command), .deadline = answer_max, .output_bytes_max = document_bytes_max};
  auto finished = co_await io::run_successfully(std::move(call));
  if (!finished) co_return std::unexpected(std::move(finished.error()));
  co_return Printed{.text = std::move(finished->output), .arrived = clock.now()};
}

// Its own time; none if it says none that can be read, which the reader reports.
std::optional<Instant> time_of(const std::string& text) {
  const auto document = io::parse_json(text);
  if (!document || !document->is_object()) return std::nullopt;
  const auto time = observe::read_number(*document, "time", observe::unix_time_max);
  return time ? std::optional(from_unix(*time)) : std::nullopt;
}

// A wrong time is a point of its own.
Expected<QueueStatus> read_whatever_its_time(const Printed& printed) {
  auto queue = observe::read_queue_document(printed.text, time_of(printed.text).value_or(printed.arrived));
  if (!queue) return failure(std::move(queue.error().why));
  return *std::move(queue);
}

std::vector<std::string> names_of_machines(const QueueStatus& status) {
  std::vector<std::string> names;
  if (!status.machines) return names;
  for (const auto& [name, machine] : *status.machines) names.push_back(name);
  return names;
}

Expected<void> compare_names(const QueueStatus& first, const Printed& printed) {
  const auto second = read_whatever_its_time(printed);
  if (!second) return std::unexpected(second.error());
  std::vector<std::string> differing;
  std::ranges::set_symmetric_difference(names_of_machines(first), names_of_machines(*second),
                                        std::back_inserter(differing));
  if (differing.empty()) return {};
  return failure(fmt::format("only one of two documents names {}", fmt::join(differing, ", ")));
}

// Fails with the machines of which the value is not known.
template <class Value>
Verdict known_of_all(const QueueStatus& status, std::optional<Value> QueueMachine::* value) {
  if (!status.machines)
    return providers::failed("without \"machines\" nothing is known, and no machine is ever stopped or destroyed");
  if (status.machines->empty()) return providers::skipped("it names no machines");
  std::vector<std::string> unknown;
  for (const auto& [name, machine] : *status.machines) {
    if (!(machine.*value)) unknown.push_back(name);
  }
  if (unknown.empty()) return Verdict{};
  return providers::failed(fmt::format("not of {}", fmt::join(unknown, ", ")));
}

std::string left(std::string_view text, std::size_t width) { return fmt::format("{:<{}}", text, width); }

std::string demand_table(const QueueStatus& status) {
  std::size_t width = std::string_view("demand").size();
  for (const StepTypeCount& steps : status.step_types) width = std::max(width, steps.key.size());
  std::string table = fmt::format("{}  waiting  running\n", left("demand", width));
  for (const StepTypeCount& steps : status.step_types)
    table += fmt::format("{}  {:>7}  {:>7}\n", left(steps.key, width), steps.runnable, steps.running);
  return table;
}

std::string shown(std::optional<bool> listed) {
  if (!listed) return "?";
  return *listed ? "yes" : "no";
}

std::string shown(std::optional<std::int64_t> count) { return count ? std::to_string(*count) : "?"; }

std::string machines_table(const QueueStatus& status) {
  if (!status.machines) return "";
  std::size_t width = std::string_view("machine").size();
  for (const auto& [name, machine] : *status.machines) width = std::max(width, name.size());
  std::string table = fmt::format("{}  jobs  listed  idle since\n", left("machine", width));
  for (const auto& [name, machine] : *status.machines) {
    table += fmt::format("{}  {:>4}  {:<6}  {}\n", left(name, width), shown(machine.current_jobs),
                         shown(machine.enabled), machine.idle_since ? io::iso_time(*machine.idle_since) : "?");
  }
  return table;
}

template <class Value>
io::Json value_or_null(const std::optional<Value>& value) {
  return value ? io::Json(*value) : io::Json();
}

io::Json demand_list(const QueueStatus& status) {
  io::Json list = io::Json::array();
  for (const StepTypeCount& steps : status.step_types)
    list.push_back({{"type", steps.key}, {"waiting", steps.runnable}, {"running", steps.running}});
  return list;
}

io::Json machines_list(const QueueStatus& status) {
  if (!status.machines) return nullptr;
  io::Json list = io::Json::array();
  for (const auto& [name, machine] : *status.machines) {
    const auto since = machine.idle_since.transform([](Instant idle) { return to_unix(idle); });
    list.push_back({{"name", name},
                    {"jobs", value_or_null(machine.current_jobs)},
                    {"listed", value_or_null(machine.enabled)},
                    {"idleSince", value_or_null(since)}});
  }
  return list;
}

// What was understood of the last document; none: nothing.
io::Task<std::optional<QueueStatus>> try_queue(std::vector<std::string> command, const io::Clock& clock,
                                               TriedPoints& tried) {
  const auto first = co_await run_once(command, clock);
  tried.add(fmt::format("exits with 0 within {} s", answer_max.count()), passed_if(first));
  if (!first) co_return std::nullopt;
  auto status = read_whatever_its_time(*first);
  tried.add("prints a document that can be read", passed_if(status));
  if (!status) co_return std::nullopt;
  tried.add("has the right time", passed_if(observe::check_clocks(status->time, first->arrived)));
  const auto second = co_await run_once(command, clock);
  tried.add("names the same machines when it is run again",
            passed_if(second ? compare_names(*status, *second) : Expected<void>(std::unexpected(second.error()))));
  tried.add("says how many jobs each machine has", known_of_all(*status, &QueueMachine::current_jobs));
  tried.add("says whether each machine may get new jobs", known_of_all(*status, &QueueMachine::enabled));
  co_return *std::move(status);
}

std::string text_of(const TriedPoints& tried, const std::optional<QueueStatus>& status) {
  if (!status) return tried.summary();
  return fmt::format("{}\n{}{}", tried.summary(), demand_table(*status), machines_table(*status));
}

io::Json document_of(const TriedPoints& tried, const std::optional<QueueStatus>& status,
                     const std::vector<std::string>& command) {
  io::Json document = tried.document(command);
  document["demand"] = status ? demand_list(*status) : io::Json();
  document["machines"] = status ? machines_list(*status) : io::Json();
  return document;
}

io::Task<Outcome> run(CheckQueueOptions options, Context) {
  const io::SystemClock clock;
  TriedPoints tried;
  if (options.json) tried.are_printed_as_json();
  const auto status = co_await try_queue(options.command, clock, tried);
  const auto text = options.json ? io::pretty(document_of(tried, status, options.command)) : text_of(tried, status);
  if (auto printed = print(text); !printed) co_return printed;
  co_return tried.has_failed() ? exit_status::failed : exit_status::done;
}

}  // namespace

Verb check_queue_verb() {
  return {.name = "check-queue",
          .section = Section::providers,
          .summary = "checks that a program describes a queue as it must",
          .description =
              "Runs a program that describes a queue (queue.type = \"command\") twice, and checks point by point "
              "that it prints what docs/any-queue.md asks for. Then it shows what it has understood. It "
              "changes nothing. The exit status is 1 if a point fails.",
          .examples = {{{"check-queue ./plain-nix-queue", "the builds of this host"},
                        {"check-queue --json -- ./buildbot-queue --verbose",
                         "for a script; options after -- are the program's own"}}},
          .declare = command<CheckQueueOptions>(declare, run)};
}

}  // namespace hydra_provisioner::app
