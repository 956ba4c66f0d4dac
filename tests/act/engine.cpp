#include "tests/act/engine.hpp"

#include <optional>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "act/ledger.hpp"
#include "observe/fleet.hpp"

namespace hydra_provisioner::act {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

std::optional<InstanceState> instance_state(MachineState state) {
  switch (state) {
    case MachineState::requested:
    case MachineState::gone:
      return std::nullopt;
    case MachineState::stopped:
      return InstanceState::stopped;
    default:
      return InstanceState::running;
  }
}

}  // namespace

MachineId id(std::int64_t number) { return MachineId{fmt::format("a-{}", number)}; }

Machine machine(std::int64_t number, MachineState state) {
  Machine machine;
  machine.id = id(number);
  machine.pool = pool;
  machine.state = state;
  machine.since = machine.requested_at = noon - hours{3};
  observe::update_from(machine, fakes::FakeProvider::instance(machine.id));
  return machine;
}

Machine ready(std::int64_t number) {
  Machine result = machine(number, MachineState::ready);
  result.ready_at = result.listing.began_at = result.listing.first_began_at = noon - hours{2};
  result.listing.is_listed = true;
  return result;
}

Machine draining(std::int64_t number) {
  Machine result = ready(number);
  result.state = MachineState::draining;
  result.listing.is_listed = false;
  result.listing.ended_at = noon - hours{1};
  return result;
}

Machine stopped(std::int64_t number) {
  Machine result = draining(number);
  result.state = MachineState::stopped;
  return result;
}

Machine creating(std::int64_t number) {
  Machine result = machine(number, MachineState::creating);
  result.since = result.requested_at = noon - minutes{1};
  return result;
}

Machine new_and_ready(std::int64_t number) {
  Machine result = creating(number);
  result.state = MachineState::ready;
  result.ready_at = noon;
  return result;
}

Engine::Engine() {
  config.tag = Tag{"a"};
  config.placeholders = false;
  config.max_parallel = 4;
  PoolConfig settings;
  settings.name = pool;
  settings.type = *parse_system_type(pool.text);
  settings.settings_json = "{}";
  settings.boot_timeout = minutes{10};
  config.pools.emplace(pool, settings);
  pools.emplace(std::pair(pool, ProviderKind::local), settings);
}

void Engine::has(const Machine& machine) {
  journal.remembers(machine);
  if (const auto state = instance_state(machine.state)) provider.has(machine.id, *state);
}

void Engine::pass(std::vector<Action> actions, Seconds pass_timeout, std::vector<InUse> in_use,
                  std::vector<MachineId> probed) {
  Plan plan;
  plan.time = clock.now();
  plan.actions = std::move(actions);
  plan.in_use = std::move(in_use);
  plan.probed = std::move(probed);
  clock.run(carry_out(std::move(plan), pass_timeout));
}

std::int64_t Engine::failed_passes() const {
  const auto record = journal.memory.creations.find(pool);
  return record == journal.memory.creations.end() ? 0 : record->second.failed_passes;
}

io::Task<void> Engine::carry_out(Plan plan, Seconds pass_timeout) {
  const state::Memory memory = *co_await journal.load(clock.now());
  const auto ended_or_running = knows_jobs ? *jobs.list() : std::vector<JobState>{};
  observe::Inventories listings;
  listings.emplace(ProviderKind::local, co_await provider.list({}));
  const observe::Fleet fleet =
      observe::reconcile(memory.machines, listings, ended_or_running, {config.tag, memory.next_number}, clock.now());

  Ledger ledger(journal, clock, fleet.machines);
  ledger.know_waiting(waiting);
  ledger.know_step_times(step_times);
  for (const MachineId& changed : fleet.changed) ledger.touch(ledger.at(changed));
  for (const observe::Discovery& discovery : fleet.discoveries) ledger.note(ledger.at(discovery.machine), {discovery});
  Publication publication(config, pools, ledger, publisher, memory.last_delivery, Seconds{0}, voice);
  const Providers providers{{ProviderKind::local, &provider}};
  std::set<ProviderKind> silent;
  if (!listings.at(ProviderKind::local)) silent.insert(ProviderKind::local);
  Operations operations(pools, ledger, publication, jobs, providers, clock, voice, memory.creations,
                        {.until = clock.now() + pass_timeout,
                         .parallel_max = config.max_parallel,
                         .knows_jobs = knows_jobs,
                         .silent = silent});
  Care care(pools, ledger, publication, jobs, silent.empty() ? providers : Providers{}, clock, voice);
  for (const MachineId& ended : fleet.ended_early) operations.count_early_end(ended);
  co_await act::carry_out(plan, config, ledger, publication, operations, care, voice);

  if (const auto written = co_await ledger.commit(); !written) {
    voice.problem(written.error().message);
  }
}

}  // namespace hydra_provisioner::act
