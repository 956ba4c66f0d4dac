#include "app/status/machine_rows.hpp"

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "decide/idleness.hpp"
#include "io/text/strings.hpp"
#include "io/text/wording.hpp"

namespace hydra_provisioner::app {
namespace {

constexpr std::size_t ungrouped_max = 20;  // machines of a pool, each of which has a row of its own
constexpr std::size_t group_min = 4;       // machines that share a row

MachineRow described(const MachineSeen& each, const pass::Look& look) {
  const Machine& machine = *each.machine;
  const Instant now = look.seen.now;
  MachineRow row{.machines = {&machine},
                 .note = note_about(machine, each.decided, look),
                 .state_for = std::max(now - machine.since, Seconds{0})};
  const bool may_work = machine.state == MachineState::ready || machine.state == MachineState::draining;
  if (!look.seen.queue || !may_work) return row;
  const decide::Idleness activity = decide::idleness(machine, *look.seen.queue);
  if (entry_of(*look.seen.queue, machine) != nullptr) row.jobs = activity.jobs;
  if (!activity.is_busy()) row.idle = activity.idle_at(now);
  return row;
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

// The numbers in it may differ from machine to machine.
std::string without_numbers(std::string text) {
  std::erase_if(text, io::is_digit);
  return text;
}

using GroupKey = std::tuple<MachineState, bool, bool, Condition, std::string>;
using Group = std::vector<const MachineRow*>;

GroupKey group_of(const MachineRow& row) {
  return {row.first().state, row.first().listing.is_listed, row.jobs.value_or(0) > 0, row.note.condition,
          without_numbers(row.note.text)};
}

MachineRow joined(const Group& group) {
  MachineRow all = *group.front();
  bool is_same = true;
  all.machines.clear();
  all.jobs.reset();
  for (const MachineRow* each : group) {
    all.machines.push_back(&each->first());
    all.state_for = std::max(all.state_for, each->state_for);
    if (each->jobs) all.jobs = all.jobs.value_or(0) + *each->jobs;
    if (each->idle) all.idle = std::max(all.idle.value_or(Seconds{0}), *each->idle);
    is_same = is_same && each->note.text == all.note.text;
  }
  if (!is_same) all.note.text = fmt::format("{}: {}", all.first().id, all.note.text);
  return all;
}

// "5 min"; of several, that of the longest.
std::string span_of(const MachineRow& row, Seconds span) { return (row.is_group() ? "≤ " : "") + io::span_text(span); }

}  // namespace

std::vector<MachineRow> machine_rows(const std::vector<MachineSeen>& machines, const pass::Look& look) {
  std::vector<MachineRow> rows;
  rows.reserve(machines.size());
  for (const MachineSeen& each : machines) rows.push_back(described(each, look));
  return rows;
}

std::vector<MachineRow> grouped(std::vector<MachineRow> rows) {
  if (rows.size() <= ungrouped_max) return rows;
  std::map<GroupKey, Group> groups;
  for (const MachineRow& row : rows) groups[group_of(row)].push_back(&row);
  std::vector<MachineRow> fewer;
  for (const MachineRow& row : rows) {
    const Group& group = groups.at(group_of(row));
    if (group.size() < group_min) {
      fewer.push_back(row);
    } else if (group.front() == &row) {
      fewer.push_back(joined(group));
    }
  }
  return fewer;
}

MachineTexts texts_of(const MachineRow& row) {
  const Machine& machine = row.first();
  return {.name = row.is_group() ? fmt::format("{} machines", row.machines.size()) : machine.id.text,
          .state = to_string(machine.state),
          .since = span_of(row, row.state_for),
          .listed = machine.listing.is_listed ? "listed" : "-",
          .jobs = row.jobs ? fmt::format("{}", *row.jobs) : "-",
          .idle = row.idle ? span_of(row, *row.idle) : "-",
          .address = row.is_group() || machine.address.empty() ? "-" : machine.address,
          .note = row.note.text};
}

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

std::vector<TableRow> table_rows(const std::vector<MachineRow>& rows) {
  std::vector<TableRow> cells;
  cells.reserve(rows.size());
  for (const MachineRow& row : rows) {
    const std::string_view color = color_of(row.note.condition);
    MachineTexts texts = texts_of(row);
    cells.push_back({{std::move(texts.name)},
                     {std::string(texts.state), color},
                     {std::move(texts.since)},
                     {std::move(texts.listed)},
                     {std::move(texts.jobs)},
                     {std::move(texts.idle)},
                     {std::move(texts.address)},
                     {std::move(texts.note), row.note.condition == Condition::bad ? color : ""}});
  }
  return cells;
}

}  // namespace hydra_provisioner::app
