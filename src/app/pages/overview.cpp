#include "app/pages/overview.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/pages/machine_list.hpp"
#include "app/pages/parts.hpp"
#include "app/status/status_text.hpp"
#include "decide/budgets.hpp"
#include "io/text/local_time.hpp"
#include "io/text/money.hpp"
#include "io/text/wording.hpp"
#include "model/counted.hpp"
#include "review/history.hpp"
#include "review/limits.hpp"

namespace hydra_provisioner::app::pages {
namespace {

using html::element;
using html::Markup;
using html::text;

constexpr std::size_t events_shown = 20;

std::string class_of(Grade grade) {
  if (grade == Grade::broken) return "bad";
  return grade == Grade::degraded ? "changing" : "good";
}

Markup last_pass_figure(const Overview& farm) {
  const LastPass& last = farm.seen.last_pass;
  return figure(
      "Last pass", html::link(url_of_pass("latest"), io::local_time(last.began)),
      fmt::format("every {} s{}", farm.seen.interval.count(),
                  last.maker ? fmt::format(", process {} on {}", last.maker->process, last.maker->host) : ""));
}

Markup queue_figure(const Overview& farm) {
  if (farm.seen.plan.untrusted) return figure("Queue", element("span", {{"class", "bad"}}, text("not trusted")));
  std::int64_t runnable = 0;
  std::int64_t running = 0;
  for (const PoolPlan& pool : farm.seen.plan.pools) {
    runnable += pool.runnable;
    running += pool.running;
  }
  for (const Unplaceable& steps : farm.seen.plan.unplaceable) runnable += steps.runnable;
  const auto since = farm.seen.waiting_since;
  return figure(
      "Waiting steps", text(fmt::format("{}", runnable)),
      fmt::format("{} running{}", running,
                  since ? fmt::format(", oldest wait {}", io::span_text(farm.seen.look.seen.now - *since)) : ""));
}

Markup cost_figures(const Overview& farm) {
  if (!farm.journal) return {};
  const Instant now = farm.seen.look.seen.now;
  const Instant day = io::start_of_day(now);
  const Instant month = io::start_of_month(now);
  const Spending spent = farm.journal->spent_since({day, month});
  const auto sum_since = [&](Instant time) {
    Micros sum;
    for (const auto& [pool, money] : spent.at(time)) sum.n += money.n;
    return io::money_text(sum, farm.config.currency);
  };
  if (const std::string hourly = hourly_cost_text(farm.seen.look, farm.config.currency);
      !hourly.empty() || !spent.at(month).empty())
    return figure("Cost today", text(sum_since(day)), hourly) +
           figure("Cost this month", text(sum_since(month)), "of machines with a price");
  return {};
}

Markup all_figures(const Overview& farm) {
  const std::vector<MachineState> states = states_of(farm.seen.look.seen.machines);
  return figures(queue_figure(farm) + figure("Machines", text(fmt::format("{}", states.size())), states_text(states)) +
                 cost_figures(farm) + last_pass_figure(farm));
}

Markup paragraph(std::string_view kind, const Markup& content) {
  return element("p", {{"class", std::string(kind)}}, content);
}

// What is wrong, each in a sentence of its own: the health has them all in one line.
Markup notices(const Overview& farm) {
  Markup content;
  if (farm.health.grade != Grade::fine) content += paragraph("notice", text(farm.health.line));
  if (!farm.journal) content += paragraph("notice", text(farm.journal.error().message));
  for (const std::string& note : farm.seen.plan.notes) content += paragraph("notice", text(note));
  for (const std::string& order : orders_in_force(farm.seen.look.seen))
    content += paragraph("quiet", text("ordered: " + order));
  return content;
}

std::string limits_text(const PoolPlan& pool, const Overview& farm) {
  const auto configured = farm.config.pools.find(pool.name);
  if (configured == farm.config.pools.end()) return "not configured any more";
  std::vector<std::string> texts;
  for (const auto& [name, value, source, until] : review::limits_of(configured->second, farm.seen.look.seen)) {
    const bool is_usual = source == "of the configuration";
    texts.push_back(fmt::format("{} {}{}{}", name, value, is_usual ? "" : ", " + source,
                                until ? ", until " + io::local_time(*until) : ""));
  }
  return fmt::format("{}", fmt::join(texts, "; "));
}

Markup types(const Overview& farm) {
  return types_table(farm.seen.plan, LastColumn{{"Limits", "wide"},
                                                [&](const PoolPlan& pool) { return text(limits_text(pool, farm)); }});
}

Markup share(const BudgetUse& budget) {
  const Markup percent = text(fmt::format("{} %", budget.percent));
  if (budget.percent >= 100) return element("span", {{"class", "bad"}}, percent);
  return budget.percent >= decide::percent_to_tell ? element("span", {{"class", "changing"}}, percent) : percent;
}

Markup budgets(const Overview& farm) {
  if (farm.seen.look.seen.budgets.empty()) return {};
  std::vector<Row> rows;
  rows.reserve(farm.seen.look.seen.budgets.size());
  for (const BudgetUse& budget : farm.seen.look.seen.budgets)
    rows.push_back({budget.pool ? link_to(*budget.pool) : text("all types"), text(to_string(budget.period)),
                    text(io::money_text(budget.limit, farm.config.currency)), share(budget), time(budget.until)});
  return element("h2", "Budgets") +
         table("Spent of each budget",
               {{"Of", "name"}, {"Each"}, {"Limit", "number"}, {"Spent", "number"}, {"Until", "when"}}, rows);
}

Markup section(std::string_view id, std::string_view heading, const Markup& content) {
  return element("h2", {{"id", std::string(id)}}, text(heading)) + content;
}

Markup recent_events(const Overview& farm) {
  if (!farm.journal) return {};
  const Instant since =
      std::max(farm.journal->time_of_latest(events_shown), farm.seen.look.seen.now - std::chrono::days{1});
  std::vector<review::Event> all = review::events_of(*farm.journal, since, "");
  if (all.empty()) return element("p", "Nothing has happened for a day.");
  std::ranges::reverse(all);
  all.resize(std::min(all.size(), events_shown));
  return events(all, true);
}

}  // namespace

Markup overview(const Overview& farm) {
  const Markup grade = element("span", {{"class", class_of(farm.health.grade)}}, text(to_string(farm.health.grade)));
  return element("h1", text(fmt::format("Farm {}: ", farm.config.tag)) + grade) + notices(farm) + all_figures(farm) +
         section("types", "Types", types(farm)) + farm.plots +
         section("machines", "Machines", machine_list(farm.machines, machine_query(farm.query))) + budgets(farm) +
         section("events", "Recent events", recent_events(farm));
}

}  // namespace hydra_provisioner::app::pages
