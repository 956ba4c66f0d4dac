#include "app/cli/texts.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <iterator>
#include <set>
#include <string_view>

#include <fmt/format.h>

#include "decide/idleness.hpp"
#include "io/text/local_time.hpp"
#include "io/text/printable.hpp"

namespace hydra_provisioner::app {
namespace {

// How an action is shown: in the order of ActionKind.
struct Sign {
  std::string_view mark;
  std::string_view color;
};
constexpr std::array<Sign, names_of<ActionKind>.size()> signs{
    {{"+", "32"}, {"~", "32"}, {"»", "33"}, {"«", "32"}, {"□", "33"}, {"-", "31"}, {"↻", "32"}, {"=", "2"}}};

std::string painted(std::string_view text, std::string_view code, bool color) {
  return color ? fmt::format("\033[{}m{}\033[0m", code, io::printable_line(text)) : io::printable_line(text);
}

std::string action_line(const Action& action, bool color) {
  const Sign& sign = signs.at(static_cast<std::size_t>(action.kind));
  const std::string start = fmt::format("{} {:<7} {:<28}", sign.mark, to_string(action.kind), action.machine.text);
  return fmt::format("  {} {}\n", painted(start, sign.color, color), io::printable_line(action.reason.text));
}

std::string pool_lines(const PoolPlan& pool, bool color) {
  std::string text = fmt::format("{} {}\n", painted(fmt::format("{:<24}", pool.name.text), "1", color),
                                 io::printable_line(pool.explanation));
  for (const std::string& note : pool.notes)
    text += fmt::format("  {} {}\n", painted("!", "33", color), io::printable_line(note));
  return text;
}

std::string queue_lines(const Plan& plan, bool color) {
  std::string text;
  if (plan.untrusted)
    text += fmt::format("{} {}\n", painted("status not trusted:", "31", color), io::printable_line(*plan.untrusted));
  for (const Unplaceable& steps : plan.unplaceable) {
    text += fmt::format("{} {} runnable, and no configured type fits\n",
                        painted(fmt::format("{:<24}", steps.step_type), "1;33", color), steps.runnable);
  }
  return text;
}

template <ActionKind kind>
std::ptrdiff_t count(const Plan& plan) {
  return std::ranges::count_if(plan.actions, [](const Action& action) { return action.kind == kind; });
}

std::string summary_line(const Plan& plan) {
  std::string text = fmt::format("Plan: {} to create, {} to start, {} to drain", count<ActionKind::create>(plan),
                                 count<ActionKind::start>(plan), count<ActionKind::drain>(plan));
  if (const auto undrain = count<ActionKind::undrain>(plan)) text += fmt::format(", {} to undrain", undrain);
  if (const auto stop = count<ActionKind::stop>(plan)) text += fmt::format(", {} to stop", stop);
  if (const auto redeploy = count<ActionKind::redeploy>(plan)) text += fmt::format(", {} to redeploy", redeploy);
  return text + fmt::format(", {} to destroy.\n", count<ActionKind::destroy>(plan));
}

std::string activity_of(const Machine& machine, const Queue& queue, Instant now) {
  if (machine.found.under_way) return fmt::format("{} under way", to_string(*machine.found.under_way));
  const bool may_work = machine.state == MachineState::ready || machine.state == MachineState::draining;
  if (!queue || !may_work) return machine.last_error;
  const decide::Idleness activity = decide::idleness(machine, *queue);
  const std::string silent = machine.unanswered_since
                                 ? fmt::format("; does not answer since {}", io::local_time(*machine.unanswered_since))
                                 : "";
  return (activity.is_busy() ? decide::busy_with(activity.jobs)
                             : fmt::format("idle {} s", activity.idle_at(now).count())) +
         silent;
}

std::string machine_line(const Machine& machine, const pass::Look& look) {
  const Instant now = look.seen.now;
  std::string line =
      fmt::format("  {:<28} {:<10} {:>7} s  {:<8} {:<15} {}", machine.id.text, to_string(machine.state),
                  (now - machine.since).count(), machine.listing.is_listed ? "listed" : "-",
                  machine.address.empty() ? "-" : machine.address, activity_of(machine, look.seen.queue, now));
  line.erase(line.find_last_not_of(' ') + 1);
  return io::printable_line(line) + "\n";
}

std::string order_lines(const Snapshot& seen) {
  std::string text;
  for (const auto& [key, order] : seen.orders) {
    if (order_in_force(seen.orders, key.first, key.second, seen.now) == nullptr) continue;
    const bool is_limit = key.first == OrderKind::min_machines || key.first == OrderKind::max_machines;
    const bool is_forced = key.first == OrderKind::destroy && order.value == by_force;
    text += fmt::format("ordered: {}{}{}{}{}\n", to_string(key.first),
                        key.second.empty() ? "" : " " + io::printable_line(key.second), is_forced ? " by force" : "",
                        is_limit ? fmt::format(" {}", order.value) : "",
                        order.until ? fmt::format(", until {}", io::local_time(*order.until)) : "");
  }
  return text;
}

}  // namespace

std::string foreign_text(const observe::Fleet& fleet, bool color) {
  std::string text;
  for (const observe::Foreign& foreign : fleet.foreign)
    text += fmt::format("{} {}\n", painted("!", "33", color), io::printable_line(observe::described(foreign)));
  return text;
}

std::string plan_text(const Plan& plan, bool color) {
  std::string text = queue_lines(plan, color);
  auto action = plan.actions.begin();
  for (const PoolPlan& pool : plan.pools) {
    text += pool_lines(pool, color);
    for (; action != plan.actions.end() && action->pool == pool.name; ++action) text += action_line(*action, color);
  }
  return text + summary_line(plan);
}

std::string status_text(const pass::Look& look, const Plan& plan, bool color) {
  std::string text = queue_lines(plan, color) + order_lines(look.seen);
  std::set<PoolName> shown;  // of two providers, one of them not configured any more, two pools may share a name
  for (const PoolPlan& pool : plan.pools) {
    text += pool_lines(pool, color);
    if (!shown.insert(pool.name).second) continue;
    for (const Machine& machine : look.seen.machines) {
      if (machine.pool == pool.name) text += machine_line(machine, look);
    }
  }
  return text + foreign_text(look.fleet, color);
}

}  // namespace hydra_provisioner::app
