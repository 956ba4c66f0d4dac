#include "app/health.hpp"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "model/counted.hpp"

namespace hydra_provisioner::app {
namespace {

std::vector<std::string> what_is_broken(const LastPass& last, Seconds interval, const Plan& plan) {
  std::vector<std::string> broken;
  if (auto missing = missing_pass_text(last, interval)) broken.push_back(*std::move(missing));
  if (last.unpublished) broken.push_back(unpublished_text(*last.unpublished));
  if (plan.untrusted) broken.push_back("the status is not trusted: " + *plan.untrusted);
  for (const PoolPlan& pool : plan.pools) {
    if (!pool.unused.empty()) broken.push_back(fmt::format("{}: {}", pool.name, pool.unused));
  }
  return broken;
}

std::vector<std::string> what_is_degraded(const Plan& plan, std::vector<std::string> problems) {
  for (const PoolPlan& pool : plan.pools) {
    for (const std::string& note : pool.notes) problems.push_back(fmt::format("{}: {}", pool.name, note));
  }
  for (const Unplaceable& steps : plan.unplaceable)
    problems.push_back(fmt::format("{} of type {} {} no type", counted(steps.runnable, "step"), steps.step_type,
                                   steps.runnable == 1 ? "fits" : "fit"));
  return problems;
}

}  // namespace

std::vector<std::string> foreign_in_use(const observe::Fleet& fleet, const Queue& queue) {
  std::vector<std::string> in_use;
  if (!queue) return in_use;
  for (const observe::Foreign& foreign : fleet.foreign) {
    const QueueMachine* entry =
        entry_of(*queue, queue->machines_join ? foreign.instance.machine.text : name_at(foreign.instance.address));
    const bool is_used = entry != nullptr && (entry->enabled == true || jobs_on(*entry) > 0);
    if (is_used) in_use.push_back(fmt::format("{}; the queue runner uses it", observe::described(foreign)));
  }
  return in_use;
}

Health health_of(const LastPass& last, Seconds interval, const Plan& plan, const std::vector<std::string>& problems) {
  if (const auto broken = what_is_broken(last, interval, plan); !broken.empty()) return broken_health(broken);
  const auto degraded = what_is_degraded(plan, problems);
  if (degraded.empty()) return {Grade::fine, std::string(to_string(Grade::fine))};
  return {Grade::degraded, fmt::format("degraded: {}", fmt::join(degraded, "; "))};
}

Health health_of(const LastPass& last, Seconds interval, const pass::Look& look, const Plan& plan,
                 const std::string& trouble) {
  std::vector<std::string> problems = look.problems;
  if (!trouble.empty()) problems.push_back(trouble);
  std::ranges::copy(foreign_in_use(look.fleet, look.seen.queue), std::back_inserter(problems));
  return health_of(last, interval, plan, problems);
}

Health broken_health(const std::vector<std::string>& problems) {
  return {Grade::broken, fmt::format("broken: {}", fmt::join(problems, "; "))};
}

}  // namespace hydra_provisioner::app
