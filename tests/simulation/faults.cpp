#include "tests/simulation/faults.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace hydra_provisioner::simulation {
namespace {

// One of the machines that are on. Null: none is on.
sim::SimInstance* any_machine(sim::Farm& farm, std::int64_t which) {
  auto machines = farm.cloud.existing();
  std::erase_if(machines, [](const sim::SimInstance* machine) { return machine->power != sim::Power::on; });
  if (machines.empty()) return nullptr;
  return machines.at(static_cast<std::size_t>(which) % machines.size());
}

void let_another_installation_make(sim::Farm& farm, const std::vector<PoolSetup>& pools, const Event& event) {
  const PoolSetup& pool = pools.at(static_cast<std::size_t>(event.which));
  farm.cloud.make_foreign(MachineId{fmt::format("sim-{}", event.count)}, PoolName{pool.name},
                          pool.is_nixops ? ProviderKind::nixops : ProviderKind::local,
                          Owner{event.seconds > 0 ? "theirs" : ""});
}

void let_operations_go_wrong(sim::Farm& farm, const Event& event) {
  for (std::int64_t n = 0; n < event.count; ++n)
    farm.faults.next_fates.push_back(static_cast<sim::JobFate>(event.which));
}

void change_pool(Configuration& configuration, const Event& event) {
  PoolSetup& pool = configuration.change(static_cast<std::size_t>(event.which));
  if (event.kind == EventKind::maximum_changes) {
    pool.max_machines = event.count;
  } else {
    pool.is_configured = !pool.is_configured;
  }
}

void harm_machine(sim::Farm& farm, const Event& event) {
  sim::SimInstance* machine = any_machine(farm, event.which);
  if (machine == nullptr) return;
  if (event.kind == EventKind::machine_is_taken_away) {
    farm.cloud.take_away(*machine);
  } else if (event.kind == EventKind::builder_ends) {
    if (farm.queue.machines_join()) farm.queue.restart_builder(machine->address);
  } else if (event.kind == EventKind::machine_reboots) {
    if (!farm.cloud.is_up(*machine)) return;
    farm.cloud.reboot(*machine);
    if (event.count > 0) machine->gate_is_open = true;
  } else {
    farm.cloud.make_unresponsive(*machine, Seconds{event.seconds});
  }
}

void let_operator_order(sim::Farm& farm, const std::vector<PoolSetup>& pools, const Event& event) {
  using enum OrderKind;
  constexpr std::array orders{drain, destroy, protect, pause, pause, min_machines, max_machines, retry};
  const auto which = static_cast<std::size_t>(event.which) % orders.size();
  const Instant now = sim::in_seconds(farm.timeline.now());
  const auto at = [&](const auto& all) -> const auto& {
    return all.at(static_cast<std::size_t>(event.count) % all.size());
  };
  std::string whom;
  if (which < 3) {
    const state::Memory memory = farm.journal.read(now);
    if (memory.machines.empty()) return;
    whom = at(memory.machines).id.text;
  } else if (which != 4) {
    whom = at(pools).name;
  }
  if (!farm.database.is_up()) return;
  state::Changes changes;
  const bool is_limit = orders.at(which) == min_machines || orders.at(which) == max_machines;
  changes.orders[{orders.at(which), whom}] =
      Order{.value = is_limit ? event.count : 0, .since = now, .until = now + Seconds{event.seconds}};
  farm.journal.write(std::move(changes));
}

void harm_host(sim::Farm& farm, Hosts& hosts, const Event& event) {
  const Seconds duration{event.seconds};
  const sim::Time until = farm.timeline.now() + duration;
  sim::Cuts& cuts = hosts.host(event.which).cuts;
  if (event.kind == EventKind::host_stands_still) hosts.let_stand_still(event.which, event.count, duration);
  if (event.kind == EventKind::host_is_down) hosts.program(event.which).die_after(event.count, duration);
  if (event.kind == EventKind::host_is_cut_off_from_database) cuts.from_database = until;
  if (event.kind == EventKind::host_is_cut_off_from_clouds) cuts.from_clouds = until;
  if (event.kind == EventKind::host_is_cut_off_from_queue_runner) cuts.from_queue_runner = until;
}

void let_database_fail_over(sim::Farm& farm, const Event& event) {
  farm.database.stall_copy();
  farm.timeline.after(Seconds{event.count},
                      [&farm, duration = Seconds{event.seconds}] { farm.database.fail_over(duration); });
}

sim::Time* end_of_fault(sim::Faults& faults, EventKind kind) {
  switch (kind) {
    case EventKind::listing_fails:
      return &faults.listing_fails;
    case EventKind::listing_is_stale:
      return &faults.listing_is_stale;
    case EventKind::listing_is_slow:
      return &faults.listing_is_slow;
    case EventKind::machines_are_unresponsive:
      return &faults.machines_are_unresponsive;
    case EventKind::specification_fails:
      return &faults.specification_fails;
    case EventKind::specification_is_broken:
      return &faults.specification_is_broken;
    case EventKind::destructions_fail:
      return &faults.destructions_fail;
    case EventKind::status_fails:
      return &faults.status_fails;
    case EventKind::status_is_old:
      return &faults.status_is_old;
    case EventKind::status_has_no_machines:
      return &faults.status_has_no_machines;
    case EventKind::status_has_wrong_clock:
      return &faults.status_has_wrong_clock;
    case EventKind::steps_are_unknown:
      return &faults.steps_are_unknown;
    case EventKind::disk_is_full:
      return &faults.disk_is_full;
    case EventKind::folder_is_gone:
      return &faults.folder_is_gone;
    case EventKind::delivery_hangs:
      return &faults.delivery_hangs;
    case EventKind::journal_fails:
      return &faults.journal_fails;
    case EventKind::journal_is_unreadable:
      return &faults.journal_is_unreadable;
    case EventKind::jobs_are_unknown:
      return &faults.jobs_are_unknown;
    case EventKind::gate_orders_seem_to_fail:
      return &faults.gate_orders_seem_to_fail;
    case EventKind::gate_orders_are_lost:
      return &faults.gate_orders_are_lost;
    case EventKind::needs_are_unclear:
      return &faults.needs_are_unclear;
    default:
      return nullptr;
  }
}

void begin_fault(sim::Farm& farm, Invariants& invariants, const Event& event) {
  sim::Time* until = end_of_fault(farm.faults, event.kind);
  if (until == nullptr) return;
  *until = farm.timeline.now() + Seconds{event.seconds};
  farm.faults.status_age = Seconds{event.which * 15};
  if (event.kind != EventKind::folder_is_gone) return;
  farm.disk.machines_file.reset();
  farm.disk.on_change();
  invariants.file_was_lost();
}

// After these, what failed may be tried again at once.
bool ends_back_offs(EventKind kind) {
  return kind == EventKind::operator_orders || kind == EventKind::specification_changes ||
         kind == EventKind::specification_fails || kind == EventKind::maximum_changes ||
         kind == EventKind::pool_is_toggled;
}

}  // namespace

void apply(sim::Farm& farm, Hosts& hosts, Invariants& invariants, const Event& event) {
  farm.chronicle.add("EVENT: {}", to_string(event));
  if (ends_back_offs(event.kind)) invariants.back_offs_may_end();
  switch (event.kind) {
    case EventKind::steps_arrive:
      farm.queue.add_steps(step_type_of(event, hosts.configuration().pools()), event.count, Seconds{event.seconds});
      break;
    case EventKind::program_is_killed:
      hosts.program(event.which).die_after(event.count);
      break;
    case EventKind::operations_go_wrong:
      let_operations_go_wrong(farm, event);
      break;
    case EventKind::machines_never_boot:
      farm.faults.machines_that_never_boot += event.count;
      break;
    case EventKind::machines_end_early:
      farm.faults.machines_that_end_early += event.count;
      break;
    case EventKind::machine_is_a_black_hole:
      ++farm.faults.black_holes;
      farm.faults.black_holes_last = Seconds{event.seconds * 10};
      break;
    case EventKind::machine_is_taken_away:
    case EventKind::machine_becomes_unresponsive:
    case EventKind::builder_ends:
    case EventKind::machine_reboots:
      harm_machine(farm, event);
      break;
    case EventKind::queue_runner_restarts:
      farm.queue.restart(Seconds{event.seconds}, Seconds{event.which * 15});
      break;
    case EventKind::specification_changes:
      farm.cloud.change_specifications();
      break;
    case EventKind::operator_orders:
      let_operator_order(farm, hosts.configuration().pools(), event);
      break;
    case EventKind::another_installation_makes_a_machine:
      let_another_installation_make(farm, hosts.configuration().pools(), event);
      break;
    case EventKind::maximum_changes:
    case EventKind::pool_is_toggled:
      change_pool(hosts.configuration(), event);
      break;
    case EventKind::host_stands_still:
    case EventKind::host_is_down:
    case EventKind::host_is_cut_off_from_database:
    case EventKind::host_is_cut_off_from_clouds:
    case EventKind::host_is_cut_off_from_queue_runner:
      harm_host(farm, hosts, event);
      break;
    case EventKind::database_is_down:
      farm.database.go_down(Seconds{event.seconds});
      break;
    case EventKind::database_fails_over:
      let_database_fail_over(farm, event);
      break;
    default:
      begin_fault(farm, invariants, event);
  }
}

void end_all_faults(sim::Farm& farm, Hosts& hosts) {
  farm.chronicle.add("EVENT: all faults end");
  farm.faults = {};
  farm.database.come_back();
  hosts.end_faults();
  farm.journal.forget_orders();
}

}  // namespace hydra_provisioner::simulation
