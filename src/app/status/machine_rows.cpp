#include "app/status/machine_rows.hpp"

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "app/status/machine_note.hpp"
#include "decide/idleness.hpp"
#include "io/text/strings.hpp"
#include "io/text/wording.hpp"

namespace hydra_provisioner::app {
namespace {

constexpr std::size_t ungrouped_max = 20;  // machines of a pool, each of which has a row of its own
constexpr std::size_t group_min = 4;       // machines that share a row

struct Seen {
  const Machine* machine;
  MachineNote note;
  Seconds state_for;                 // since when it is in its state
  std::optional<std::int64_t> jobs;  // none: not known, or it can have none
  std::optional<Seconds> idle;       // none: it is busy, or that is not known
};

Seen described(const MachineSeen& each, const pass::Look& look) {
  const Machine& machine = *each.machine;
  const Instant now = look.seen.now;
  Seen seen{.machine = &machine,
            .note = note_about(machine, each.decided, look),
            .state_for = std::max(now - machine.since, Seconds{0}),
            .jobs = {},
            .idle = {}};
  const bool may_work = machine.state == MachineState::ready || machine.state == MachineState::draining;
  if (!look.seen.queue || !may_work) return seen;
  const decide::Idleness activity = decide::idleness(machine, *look.seen.queue);
  if (entry_of(*look.seen.queue, machine) != nullptr) seen.jobs = activity.jobs;
  if (!activity.is_busy()) seen.idle = activity.idle_at(now);
  return seen;
}

std::string_view color_of(Condition condition) {
  switch (condition) {
    case Condition::good:
      return colors::good;
    case Condition::changing:
      return colors::changing;
    case Condition::bad:
      return colors::bad;
    case Condition::resting:
      return colors::resting;
  }
  return "";
}

// The cells of one machine, or of all that share a row.
TableRow row(std::string name, const Seen& first, std::string since, std::string jobs, std::string idle,
             std::string address, std::string note) {
  const Condition condition = first.note.condition;
  const std::string_view color = color_of(condition);
  return {{std::move(name)},    {std::string(to_string(first.machine->state)), color},
          {std::move(since)},   {first.machine->listing.is_listed ? "listed" : "-"},
          {std::move(jobs)},    {std::move(idle)},
          {std::move(address)}, {std::move(note), condition == Condition::bad ? color : ""}};
}

TableRow row_of(const Seen& seen) {
  const Machine& machine = *seen.machine;
  return row(machine.id.text, seen, io::span_text(seen.state_for), seen.jobs ? fmt::format("{}", *seen.jobs) : "-",
             seen.idle ? io::span_text(*seen.idle) : "-", machine.address.empty() ? "-" : machine.address,
             seen.note.text);
}

// The numbers in it may differ from machine to machine.
std::string without_numbers(std::string text) {
  std::erase_if(text, io::is_digit);
  return text;
}

using GroupKey = std::tuple<MachineState, bool, bool, Condition, std::string>;
using Group = std::vector<const Seen*>;

GroupKey group_of(const Seen& seen) {
  return {seen.machine->state, seen.machine->listing.is_listed, seen.jobs.value_or(0) > 0, seen.note.condition,
          without_numbers(seen.note.text)};
}

std::string at_most(Seconds most) { return fmt::format("≤ {}", io::span_text(most)); }

TableRow row_of(const Group& group) {
  const Seen& first = *group.front();
  Seconds longest{0};
  std::optional<std::int64_t> jobs;
  std::optional<Seconds> idle;
  bool is_same = true;
  for (const Seen* each : group) {
    longest = std::max(longest, each->state_for);
    if (each->jobs) jobs = jobs.value_or(0) + *each->jobs;
    if (each->idle) idle = std::max(idle.value_or(Seconds{0}), *each->idle);
    is_same = is_same && each->note.text == first.note.text;
  }
  const std::string note = is_same ? first.note.text : fmt::format("{}: {}", first.machine->id, first.note.text);
  return row(fmt::format("{} machines", group.size()), first, at_most(longest), jobs ? fmt::format("{}", *jobs) : "-",
             idle ? at_most(*idle) : "-", "-", note);
}

}  // namespace

std::vector<TableColumn> machine_columns() {
  return {{.heading = "MACHINE"},
          {.heading = "STATE"},
          {.heading = "SINCE", .is_number = true},
          {.heading = "LISTED"},
          {.heading = "JOBS", .is_number = true},
          {.heading = "IDLE", .is_number = true},
          {.heading = "ADDRESS", .is_left_out = true},
          {.heading = "NOTE"}};
}

std::vector<TableRow> machine_rows(const std::vector<MachineSeen>& machines, const pass::Look& look,
                                   const Screen& screen) {
  std::vector<Seen> all;
  all.reserve(machines.size());
  std::map<GroupKey, Group> groups;
  for (const MachineSeen& each : machines) all.push_back(described(each, look));
  const bool may_share = screen.width && all.size() > ungrouped_max;
  if (may_share) {
    for (const Seen& seen : all) groups[group_of(seen)].push_back(&seen);
  }
  std::vector<TableRow> rows;
  for (const Seen& seen : all) {
    const auto group = may_share ? groups.find(group_of(seen)) : groups.end();
    if (group == groups.end() || group->second.size() < group_min) {
      rows.push_back(row_of(seen));
    } else if (group->second.front() == &seen) {
      rows.push_back(row_of(group->second));
    }
  }
  return rows;
}

}  // namespace hydra_provisioner::app
