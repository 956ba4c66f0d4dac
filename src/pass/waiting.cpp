#include "pass/waiting.hpp"

#include "decide/idleness.hpp"

namespace hydra_provisioner::pass {

std::map<PoolName, Instant> waiting_since(const std::map<PoolName, Instant>& before, const Plan& plan) {
  if (plan.untrusted) return before;
  std::map<PoolName, Instant> waiting;
  for (const PoolPlan& pool : plan.pools) {
    if (pool.runnable == 0) continue;
    const auto earlier = before.find(pool.name);
    waiting.emplace(pool.name, earlier == before.end() ? plan.time : earlier->second);
  }
  return waiting;
}

void note_first_steps(act::Ledger& ledger, const Queue& queue) {
  if (!queue) return;
  for (Machine* machine : ledger.all()) {
    if (!machine->wanted_since || machine->state != MachineState::ready) continue;
    const bool has_steps = decide::idleness(*machine, *queue).is_busy();
    if (!has_steps && ledger.waiting_since(machine->pool)) continue;
    const Seconds span = ledger.now() - *machine->wanted_since;
    if (has_steps)
      measure(ledger.totals(), Total::demand_to_first_step, {machine->pool.text}, static_cast<double>(span.count()));
    machine->wanted_since.reset();  // where no step waits any more, too: others took what it was made for
    ledger.touch(*machine);
  }
}

}  // namespace hydra_provisioner::pass
