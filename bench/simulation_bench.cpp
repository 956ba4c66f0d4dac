// How fast the simulation is: passes of a daemon over 20 machines that come, work and go.
#include <cstdint>
#include <stdexcept>

#include <benchmark/benchmark.h>

#include "tests/simulation/run.hpp"
#include "tests/simulation/schedule.hpp"

namespace hydra_provisioner::simulation {
namespace {

simulation::Scenario busy_day() {
  simulation::Scenario scenario;
  scenario.seed = 1;
  scenario.pools = {{.name = "x86_64-linux",
                     .step_types = {"x86_64-linux"},
                     .min_machines = 10,
                     .max_machines = 20,
                     .runnables_per_machine = 5,
                     .max_jobs = 2,
                     .grace_period_seconds = 300}};
  constexpr std::int64_t hours = 4;
  for (std::int64_t hour = 0; hour < hours; ++hour) {
    scenario.events.push_back({.at = Seconds{100 + 3600 * hour},
                               .kind = simulation::EventKind::steps_arrive,
                               .which = 0,
                               .count = 200,
                               .seconds = 400});
  }
  scenario.faults_end_at = Seconds{3600 * hours};
  return scenario;
}

void simulation(benchmark::State& state) {
  const simulation::Scenario scenario = busy_day();
  std::int64_t passes = 0;
  for (auto _ : state) {
    const simulation::Outcome outcome = simulation::run(scenario, {});
    if (outcome.violation) throw std::logic_error(*outcome.violation);
    passes += outcome.passes;
  }
  state.counters["passes_per_second"] = benchmark::Counter(static_cast<double>(passes), benchmark::Counter::kIsRate);
}
BENCHMARK(simulation)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace hydra_provisioner::simulation

BENCHMARK_MAIN();
