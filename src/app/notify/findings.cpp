#include "app/notify/findings.hpp"

#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "decide/budgets.hpp"

namespace hydra_provisioner::app {
namespace {

constexpr std::int64_t attempts_to_tell = 5;  // after some ten minutes

Health health_after(const pass::Report& report, const Config& config, const std::string& trouble) {
  const LastPass last{.now = report.ended, .began = report.plan.time, .maker = {}, .unpublished = report.trouble};
  return health_of(last, config.interval, report.look, report.plan, trouble);
}

using Standing = std::map<std::string, std::string>;

// In words that stay the same until it is over.
void add_budgets(const std::vector<BudgetUse>& budgets, Standing& standing) {
  for (const BudgetUse& budget : budgets) {
    const std::string key = fmt::format("budget/{}/{}", budget.pool ? budget.pool->text : "", to_string(budget.period));
    const std::string whose = decide::whose_budget(budget);
    const std::string limit = decide::limit_of(budget);
    if (budget.percent >= decide::percent_to_tell)
      standing.emplace(key + "/nearly", fmt::format("{}: {} % of {} are spent", whose, decide::percent_to_tell, limit));
    if (budget.percent >= 100) standing.emplace(key + "/wholly", fmt::format("{}: all of {} is spent", whose, limit));
  }
}

bool is_leaking(const Machine& machine) {
  const auto& [operation, in_a_row, latest] = machine.failures;
  const bool is_removal = operation == Operation::destroy || operation == Operation::stop;
  return is_removal && in_a_row >= attempts_to_tell && machine.state != MachineState::gone;
}

void add_machine(const Machine& machine, Standing& standing) {
  if (!is_leaking(machine)) return;
  standing.emplace("machine/" + machine.id.text,
                   fmt::format("{} ({}) cannot be removed: {}", machine.id, machine.pool, machine.last_error));
}

}  // namespace

Findings findings_of(const pass::PassEnd& end, const Config& config, const std::string& trouble) {
  if (!end.report) return {.health = broken_health({end.summary})};
  Findings findings{.health = health_after(*end.report, config, trouble), .standing = Standing{}};
  add_budgets(end.report->look.seen.budgets, *findings.standing);
  for (const auto& [id, machine] : end.report->machines) add_machine(machine, *findings.standing);
  for (const auto& [machine, pool] : end.report->lost)
    findings.lost.push_back(fmt::format("{} ({}) is lost: it has vanished", machine, pool));
  return findings;
}

}  // namespace hydra_provisioner::app
