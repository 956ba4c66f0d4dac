// How long it takes to decide about a big farm.
#include <cstdint>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "decide/plan.hpp"

namespace hydra_provisioner::bench {
namespace {

constexpr Instant now{Seconds{1'768'478'400}};
constexpr std::int64_t machines_max = 10'000;
constexpr std::int64_t pool_count = 20;
// The systems of every pool. Each makes two step types with the pool's feature: with and without `local`.
constexpr const char* systems[] = {"aarch64-linux", "armv7l-linux", "i686-linux", "riscv64-linux", "x86_64-linux"};

std::string feature(std::int64_t pool) { return fmt::format("feature-{}", pool); }

// How the features of the pools and of the step types fit together.
enum class Features {
  apart,       // each pool has a feature of its own, which steps must require
  overlapping  // each pool has those of all pools before it, too, and none must be required; some are spill pools
};

// Every other pool bills by the hour, every third one stops its machines. The target is about half of the machines.
PoolConfig pool_settings(std::int64_t pool, std::int64_t machines, Features features) {
  const std::string name = fmt::format("aarch64-linux,armv7l-linux,riscv64-linux,x86_64-linux:{}", feature(pool));
  PoolConfig settings;
  settings.name = PoolName{name};
  settings.type = parse_system_type(name).value();
  settings.max_machines = machines / pool_count + 1;
  settings.runnables_per_machine = 20;
  settings.stop_on_idle = pool % 3 == 0;
  settings.grace_period = Seconds{600};
  settings.billing_period = Seconds{pool % 2 == 0 ? 3600 : 0};
  if (features == Features::apart) return settings;
  for (std::int64_t other = 0; other < pool; ++other) settings.type.supported_features.insert(feature(other));
  settings.type.mandatory_features.clear();
  settings.spill = pool % 4 == 3;
  return settings;
}

// Of ten machines three are busy, three idle, two draining, one is being created, one stopped.
MachineState state_of(std::int64_t number) {
  constexpr MachineState states[] = {MachineState::ready,    MachineState::ready,    MachineState::ready,
                                     MachineState::ready,    MachineState::ready,    MachineState::ready,
                                     MachineState::draining, MachineState::draining, MachineState::creating,
                                     MachineState::stopped};
  return states[(number + number / pool_count) % 10];
}
bool is_busy(std::int64_t number) { return (number + number / pool_count) % 10 < 3; }

Machine machine(std::int64_t number, const PoolName& pool) {
  Machine machine;
  machine.id = MachineId{fmt::format("hydra-provisioned-{}", number)};
  machine.pool = pool;
  machine.state = state_of(number);
  machine.since = machine.requested_at = now - Seconds{900};
  if (machine.state == MachineState::creating) return machine;
  machine.address = fmt::format("10.{}.{}.{}", number / 65536, number / 256 % 256, number % 256);
  machine.host_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0X9vHn2vT0mYk1mIrTtq8Zl1VqR2c3d4e5f6g7h8i9";
  machine.launched_at = machine.ready_at = machine.listing.began_at = machine.listing.first_began_at =
      now - Seconds{number % 7000};
  machine.listing.is_listed = machine.state == MachineState::ready;
  if (!machine.listing.is_listed) machine.listing.ended_at = now - Seconds{number % 100};
  return machine;
}

QueueMachine entry_of(const Machine& machine, std::int64_t number) {
  const bool busy = is_busy(number);
  return {.enabled = machine.listing.is_listed,
          .current_jobs = busy ? 4 : 0,
          .idle_since = busy ? Instant{} : now - Seconds{number % 1000}};
}

QueueStatus queue_status(std::int64_t machines) {
  QueueStatus status{.time = now, .arrived = now, .started = now - Seconds{86400}, .step_types = {}, .machines = {}};
  for (const char* system : systems) {
    for (std::int64_t pool = 0; pool < pool_count; ++pool) {
      for (const char* local : {"", ",local"}) {
        const std::string key = fmt::format("{}:{}{}", system, feature(pool), local);
        status.step_types.push_back(
            {.key = key, .type = parse_step_type(key), .runnable = machines / pool_count + 1, .running = 10});
      }
    }
  }
  return status;
}

struct Farm {
  Snapshot seen;
  Config config;
};

Farm farm_of(std::int64_t machines, Features features) {
  Farm farm;
  std::vector<PoolName> names;
  for (std::int64_t pool = 0; pool < pool_count; ++pool) {
    PoolConfig settings = pool_settings(pool, machines, features);
    names.push_back(settings.name);
    farm.config.pools.emplace(settings.name, std::move(settings));
  }
  QueueStatus status = queue_status(machines);
  status.machines.emplace();
  for (std::int64_t number = 0; number < machines; ++number) {
    Machine fresh = machine(number, names[static_cast<std::size_t>(number % pool_count)]);
    status.machines->emplace(queue_name(fresh), entry_of(fresh, number));
    farm.seen.machines.push_back(std::move(fresh));
  }
  farm.seen.now = now;
  farm.seen.queue = std::move(status);
  farm.seen.next_number = machines;
  return farm;
}

// A pass decides once, about a farm that no cache of the processor knows yet. So small farms take turns: together they
// are as big as the biggest.
std::vector<Farm> farms_of(std::int64_t machines, Features features) {
  std::vector<Farm> farms;
  for (std::int64_t i = 0; i < machines_max / machines; ++i) farms.push_back(farm_of(machines, features));
  return farms;
}

void plan_of(benchmark::State& state, Features features) {
  const std::vector<Farm> farms = farms_of(state.range(0), features);
  std::size_t turn = 0;
  for (auto _ : state) {
    const Farm& farm = farms[turn++ % farms.size()];
    benchmark::DoNotOptimize(decide::plan(farm.seen, farm.config));
  }
}

void plan(benchmark::State& state) { plan_of(state, Features::apart); }
BENCHMARK(plan)->Arg(10)->Arg(1'000)->Arg(machines_max)->Unit(benchmark::kMillisecond);

void plan_overlapping(benchmark::State& state) { plan_of(state, Features::overlapping); }
BENCHMARK(plan_overlapping)->Arg(machines_max)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace hydra_provisioner::bench

BENCHMARK_MAIN();
