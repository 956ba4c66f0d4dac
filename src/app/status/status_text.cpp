#include "app/status/status_text.hpp"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "app/cli/texts.hpp"
#include "io/text/columns.hpp"
#include "io/text/local_time.hpp"
#include "io/text/money.hpp"
#include "io/text/printable.hpp"
#include "io/text/wording.hpp"
#include "model/counted.hpp"
#include "pass/usage.hpp"

namespace hydra_provisioner::app {
namespace {

struct Part {
  std::string text;
  std::string_view color{};
};

std::string_view color_of(Grade grade) {
  if (grade == Grade::broken) return colors::bad;
  return grade == Grade::degraded ? colors::changing : colors::good;
}

std::vector<Part> summary_parts(const StatusReport& report) {
  std::vector<Part> parts{{std::string(to_string(report.grade)), color_of(report.grade)}};
  const auto missing = missing_pass_text(report.last_pass, report.interval);
  parts.push_back(missing ? Part{*missing, colors::bad} : Part{last_pass_text(report.last_pass, report.interval)});
  parts.push_back({counted_by_state(states_of(report.look.seen.machines))});
  if (report.waiting_since) {
    const Seconds wait = std::max(report.look.seen.now - *report.waiting_since, Seconds{0});
    parts.push_back({fmt::format("oldest wait {}", io::span_text(wait))});
  }
  if (std::string cost = hourly_cost_text(report.look, report.currency); !cost.empty())
    parts.push_back({std::move(cost)});
  return parts;
}

// One line, if it fits.
std::string summary_lines(const StatusReport& report, const Screen& screen) {
  std::string text;
  std::size_t used = 0;
  for (const auto& [part, color] : summary_parts(report)) {
    const std::size_t width = io::columns_of(part);
    const bool fits = !screen.width || used + 2 + width + 1 <= *screen.width;
    if (used > 0) text += fits ? "; " : ";\n  ";
    used = used > 0 && fits ? used + 2 + width : width + (used > 0 ? 2 : 0);
    text += painted(part, color, screen);
  }
  return text + "\n";
}

std::string order_lines(const Snapshot& seen, const Screen& screen) {
  std::string text;
  for (const std::string& order : orders_in_force(seen))
    text += fmt::format("ordered: {}\n", text_below(order, 9, 2, screen));
  return text;
}

// Programs may read what is not shown on a terminal: they get a row for each machine.
std::vector<MachineRow> rows_of(const std::vector<MachineSeen>& machines, const pass::Look& look,
                                const Screen& screen) {
  std::vector<MachineRow> rows = machine_rows(machines, look);
  return screen.width ? grouped(std::move(rows)) : rows;
}

}  // namespace

std::string hourly_cost_text(const pass::Look& look, const std::string& currency) {
  Micros sum;
  std::int64_t unpriced = 0;
  bool has_price = false;
  for (const Machine& machine : look.seen.machines) {
    const bool is_stopped = machine.state == MachineState::stopped;
    const auto pool = look.pools.find({machine.pool, machine.provider});
    const auto price =
        pool == look.pools.end() ? std::nullopt : pass::price_of(pool->second, pass::use_of(machine, look.seen.queue));
    if (is_stopped && price.value_or(Micros{0}).n == 0) continue;
    if (price) sum.n += price->n;
    has_price = has_price || price;
    unpriced += price ? 0 : 1;
  }
  if (!has_price) return "";
  return fmt::format("{} per hour{}", io::money_text(sum, currency),
                     unpriced == 0 ? "" : fmt::format(", {} without a price", counted(unpriced, "machine")));
}

std::vector<std::string> orders_in_force(const Snapshot& seen) {
  std::vector<std::string> texts;
  for (const auto& [key, order] : seen.orders) {
    if (order_in_force(seen.orders, key.first, key.second, seen.now) == nullptr) continue;
    const bool is_limit = key.first == OrderKind::min_machines || key.first == OrderKind::max_machines;
    const bool is_forced = key.first == OrderKind::destroy && order.value == by_force;
    texts.push_back(fmt::format("{}{}{}{}{}{}", to_string(key.first), key.second.empty() ? "" : " " + key.second,
                                is_forced ? " by force" : "", is_limit ? fmt::format(" {}", order.value) : "",
                                order.until ? fmt::format(", until {}", io::local_time(*order.until)) : "",
                                order.author.empty() ? "" : fmt::format(", by {}", giver_of(order))));
  }
  return texts;
}

MachinesByPool machines_by_pool(const pass::Look& look, const Plan& plan) {
  const ActionsByMachine decided = actions_by_machine(plan);
  MachinesByPool pools;
  for (const Machine& machine : look.seen.machines)
    pools[machine.pool].push_back({&machine, action_on(decided, machine.id)});
  return pools;
}

std::string status_text(const StatusReport& report, const Screen& screen) {
  std::string text = summary_lines(report, screen);
  if (const auto& unpublished = report.last_pass.unpublished)
    text += marked_line(unpublished_text(*unpublished), colors::bad, screen);
  text += queue_text(report.plan, screen) + order_lines(report.look.seen, screen);
  MachinesByPool machines = machines_by_pool(report.look, report.plan);
  for (const PoolPlan& pool : report.plan.pools) {
    text += pool_text(pool, screen);
    // Of two providers, one of them not configured any more, two pools may share a name.
    if (const auto shown = machines.extract(pool.name); !shown.empty())
      text += table_text(machine_columns(), table_rows(rows_of(shown.mapped(), report.look, screen)), screen);
  }
  return text + foreign_text(report.look.fleet, screen);
}

}  // namespace hydra_provisioner::app
