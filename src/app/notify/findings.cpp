#include "app/notify/findings.hpp"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "decide/budgets.hpp"

namespace hydra_provisioner::app {
namespace {

constexpr std::int64_t attempts_to_tell = 5;  // after some ten minutes

Health health_after(const pass::Report& report, const Config& config) {
  std::vector<std::string> problems = report.look.problems;
  std::ranges::copy(foreign_in_use(report.look.fleet, report.look.seen.queue), std::back_inserter(problems));
  const LastPass last{.now = report.ended, .began = report.plan.time, .maker = {}, .unpublished = report.trouble};
  return health_of(last, config.interval, report.plan, problems);
}

void add_budgets(const std::vector<BudgetUse>& budgets, Findings& findings) {
  for (const BudgetUse& budget : budgets) {
    for (const std::int64_t percent : {decide::percent_to_tell, std::int64_t{100}}) {
      if (budget.percent < percent) continue;
      const std::string whose = budget.pool ? budget.pool->text : "all types";
      findings.standing.emplace(
          fmt::format("budget/{}/{}/{}", budget.pool ? budget.pool->text : "", to_string(budget.period), percent),
          fmt::format("budget of {}: {}", whose, decide::use_of(budget)));
    }
  }
}

bool is_leaking(const Machine& machine) {
  const auto& [operation, in_a_row, latest] = machine.failures;
  const bool is_removal = operation == Operation::destroy || operation == Operation::stop;
  return is_removal && in_a_row >= attempts_to_tell && machine.state != MachineState::gone;
}

void add_machine(const Machine& machine, Findings& findings) {
  if (machine.found.vanished && machine.ready_at)
    findings.lost.emplace(machine.id.text, fmt::format("{} ({}) is lost: it has vanished", machine.id, machine.pool));
  if (is_leaking(machine)) {
    findings.standing.emplace("machine/" + machine.id.text,
                              fmt::format("{} ({}) cannot be removed, after {} attempts: {}", machine.id, machine.pool,
                                          machine.failures.in_a_row, machine.last_error));
  }
}

}  // namespace

Findings findings_of(const pass::PassEnd& end, const Config& config) {
  if (!end.report) return {.health = broken_health({end.summary})};
  Findings findings{.health = health_after(*end.report, config)};
  add_budgets(end.report->look.seen.budgets, findings);
  for (const auto& [id, machine] : end.report->machines) add_machine(machine, findings);
  return findings;
}

}  // namespace hydra_provisioner::app
