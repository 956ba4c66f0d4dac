#include "tests/simulation/faults.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace hydra_provisioner::simulation {
namespace {

// Of those that are on. Null: there is none.
sim::SimInstance* any_machine(sim::Farm& farm, std::int64_t which) {
  auto machines = farm.cloud.existing();
  std::erase_if(machines, [](const sim::SimInstance* machine) { return machine->power != sim::Power::on; });
  if (machines.empty()) return nullptr;
  return machines.at(static_cast<std::size_t>(which) % machines.size());
}

void let_operations_go_wrong(sim::Farm& farm, const Happening& happening) {
  for (std::int64_t n = 0; n < happening.count; ++n)
    farm.trouble.next_fates.push_back(static_cast<sim::JobFate>(happening.which));
}

void change_pool(Program& program, const Happening& happening) {
  PoolSetup& pool = program.pools().at(static_cast<std::size_t>(happening.which));
  if (happening.kind == Kind::maximum_changes) {
    pool.max_machines = happening.count;
  } else {
    pool.is_configured = !pool.is_configured;
  }
  program.has_new_configuration();
}

void befall_machine(sim::Farm& farm, const Happening& happening) {
  sim::SimInstance* machine = any_machine(farm, happening.which);
  if (machine == nullptr) return;
  if (happening.kind == Kind::machine_is_taken_away) {
    farm.cloud.take_away(*machine);
  } else {
    farm.cloud.make_deaf(*machine, Seconds{happening.seconds});
  }
}

void let_operator_order(sim::Farm& farm, Program& program, const Happening& happening) {
  using enum OrderKind;
  constexpr std::array orders{drain, destroy, protect, pause, pause, min_machines, max_machines};
  const auto which = static_cast<std::size_t>(happening.which) % orders.size();
  const Instant now = sim::in_seconds(farm.timeline.now());
  const auto at = [&](const auto& all) -> const auto& {
    return all.at(static_cast<std::size_t>(happening.count) % all.size());
  };
  std::string whom;
  if (which < 3) {
    const state::Memory memory = farm.journal.read(now);
    if (memory.machines.empty()) return;
    whom = at(memory.machines).id.text;
  } else if (which != 4) {
    whom = at(program.pools()).name;
  }
  state::Changes changes;
  changes.orders[{orders.at(which), whom}] =
      Order{.value = happening.count, .since = now, .until = now + Seconds{happening.seconds}};
  farm.journal.write(std::move(changes));
}

sim::Time* trouble_of(sim::Trouble& trouble, Kind kind) {
  switch (kind) {
    case Kind::listing_fails:
      return &trouble.listing_fails;
    case Kind::listing_is_stale:
      return &trouble.listing_is_stale;
    case Kind::listing_is_slow:
      return &trouble.listing_is_slow;
    case Kind::machines_are_deaf:
      return &trouble.machines_are_deaf;
    case Kind::specification_fails:
      return &trouble.specification_fails;
    case Kind::status_fails:
      return &trouble.status_fails;
    case Kind::status_is_old:
      return &trouble.status_is_old;
    case Kind::status_has_no_machines:
      return &trouble.status_has_no_machines;
    case Kind::status_has_wrong_clock:
      return &trouble.status_has_wrong_clock;
    case Kind::disk_is_full:
      return &trouble.disk_is_full;
    case Kind::folder_is_gone:
      return &trouble.folder_is_gone;
    case Kind::delivery_hangs:
      return &trouble.delivery_hangs;
    case Kind::journal_fails:
      return &trouble.journal_fails;
    case Kind::journal_is_unreadable:
      return &trouble.journal_is_unreadable;
    case Kind::jobs_are_unknown:
      return &trouble.jobs_are_unknown;
    default:
      return nullptr;
  }
}

void begin_trouble(sim::Farm& farm, Invariants& invariants, const Happening& happening) {
  sim::Time* until = trouble_of(farm.trouble, happening.kind);
  if (until == nullptr) return;
  *until = farm.timeline.now() + Seconds{happening.seconds};
  farm.trouble.status_age = Seconds{happening.which * 15};
  if (happening.kind != Kind::folder_is_gone) return;
  farm.disk.machines_file.reset();
  farm.disk.on_change();
  invariants.file_was_lost();
}

}  // namespace

void befall(sim::Farm& farm, Program& program, Invariants& invariants, const Happening& happening) {
  farm.chronicle.add("HAPPENS: {}", to_string(happening));
  switch (happening.kind) {
    case Kind::steps_arrive:
      farm.queue.add_steps(program.pools().at(static_cast<std::size_t>(happening.which)).name, happening.count,
                           Seconds{happening.seconds});
      break;
    case Kind::program_is_killed:
      program.is_to_die_after(happening.count);
      break;
    case Kind::operations_go_wrong:
      let_operations_go_wrong(farm, happening);
      break;
    case Kind::machines_never_boot:
      farm.trouble.machines_that_never_boot += happening.count;
      break;
    case Kind::machine_is_taken_away:
    case Kind::machine_goes_deaf:
      befall_machine(farm, happening);
      break;
    case Kind::queue_runner_restarts:
      farm.queue.restart(Seconds{happening.seconds});
      break;
    case Kind::specification_changes:
      farm.cloud.change_specifications();
      break;
    case Kind::operator_orders:
      let_operator_order(farm, program, happening);
      break;
    case Kind::maximum_changes:
    case Kind::pool_is_toggled:
      change_pool(program, happening);
      break;
    default:
      begin_trouble(farm, invariants, happening);
  }
}

void calm(sim::Farm& farm) {
  farm.chronicle.add("HAPPENS: calm");
  farm.trouble = {};
  farm.journal.forget_orders();
}

}  // namespace hydra_provisioner::simulation
