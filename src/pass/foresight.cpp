#include "pass/foresight.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "decide/plan.hpp"
#include "observe/creations.hpp"
#include "observe/elsewhere.hpp"
#include "observe/reports.hpp"

namespace hydra_provisioner::pass {
namespace {

observe::Fleet fleet_left_by(const Report& last) {
  observe::Fleet fleet;
  for (const auto& [id, machine] : last.machines) {
    if (machine.state != MachineState::gone) fleet.machines.push_back(machine);
  }
  std::ranges::sort(fleet.machines, {}, [](const Machine& machine) { return number_of(machine.id); });
  return fleet;
}

}  // namespace

Plan foresee(const Report& last, const Config& config, QueueStatus status, Instant now) {
  observe::Fleet fleet = fleet_left_by(last);
  observe::note_reports(fleet, status, config.queue.silence);
  Snapshot seen = last.look.seen;
  seen.now = now;
  seen.machines = std::move(fleet.machines);
  seen.elsewhere = observe::kinds_elsewhere(status, seen.machines);
  seen.creations = observe::with_ended(last.creations, {}, {}, now);
  if (!seen.machines.empty()) seen.next_number = std::max(seen.next_number, number_of(seen.machines.back().id) + 1);
  seen.queue = std::move(status);
  return decide::plan(seen, config);
}

std::string news_in(const Plan& foreseen, const Plan& last) {
  std::set<std::pair<ActionKind, MachineId>> known;
  for (const Action& action : last.actions) known.emplace(action.kind, action.machine);
  for (const Action& action : foreseen.actions) {
    if (action.kind != ActionKind::keep && !known.contains({action.kind, action.machine}))
      return fmt::format("{} {}: {}", to_string(action.kind), action.machine, action.reason.text);
  }
  return "";
}

bool is_in_motion(const Report& last, const Queue& status) {
  if (!status) return false;
  const auto counts = [](const StepTypeCount& steps) { return steps.runnable > 0 || steps.running > 0; };
  const auto waits = [](const auto& entry) { return entry.second.state == MachineState::draining; };
  return std::ranges::any_of(status->step_types, counts) || std::ranges::any_of(last.machines, waits);
}

}  // namespace hydra_provisioner::pass
