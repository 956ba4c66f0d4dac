#include "tests/simulation/schedule.hpp"

#include <algorithm>
#include <array>
#include <ranges>
#include <tuple>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "model/random.hpp"

namespace hydra_provisioner::simulation {
namespace {

constexpr std::array<const char*, 4> types{"x86_64-linux", "x86_64-linux:benchmark", "aarch64-linux",
                                           "x86_64-linux:kvm,nixos-test"};

template <std::size_t N>
std::int64_t one_of(Random& random, const std::array<std::int64_t, N>& values) {
  return values.at(static_cast<std::size_t>(random.between(0, N - 1)));
}

PoolSetup draw_pool(Random& random, const char* name) {
  PoolSetup pool{.name = name, .step_types = {name}};
  pool.is_nixops = random.chance(50);
  pool.max_machines = random.between(1, 5);
  pool.min_machines = random.chance(30) ? random.between(0, std::min<std::int64_t>(2, pool.max_machines)) : 0;
  pool.runnables_per_machine = random.between(1, 6);
  pool.max_jobs = random.between(1, 4);
  pool.stop_on_idle = random.chance(30);
  pool.grace_period_seconds = one_of<4>(random, {0, 0, 60, 600});
  pool.billing_period_seconds = random.chance(15) ? 3600 : 0;
  return pool;
}

// Machines of some pools build what others do, too, and more.
void let_pools_overlap(Scenario& scenario) {
  if (scenario.seed % 3 != 0 || scenario.pools.size() < 2) return;
  PoolSetup& second = scenario.pools[1];
  second.supported = {"benchmark"};
  second.step_types = {"x86_64-linux:benchmark", "x86_64-linux", "i686-linux:benchmark"};
  second.spill = scenario.seed % 2 == 0;
  if (scenario.pools.size() < 4) return;
  PoolSetup& widest = scenario.pools[3];
  widest.supported = {"benchmark", "kvm", "nixos-test"};
  widest.step_types = {"x86_64-linux:kvm", "x86_64-linux:kvm,nixos-test", "x86_64-linux:benchmark,kvm"};
}

// The queue runner in Rust instead. NixOps' machines do not know how to connect to it.
void let_machines_join(Random& random, Scenario& scenario) {
  scenario.machines_join = true;
  scenario.can_wake = random.chance(50);
  scenario.has_update_command = false;
  scenario.style = {.unsupported_for_at_most = Seconds{86'400},
                    .clock_ahead = scenario.style.clock_ahead,
                    .ping_interval = Seconds{one_of<3>(random, {3, 5, 10})},
                    .dispatch_interval = Seconds{one_of<2>(random, {10, 120})}};
  for (PoolSetup& pool : scenario.pools) pool.is_nixops = false;
}

// Versions that release machines early always list all machines.
sim::QueueRunnerStyle draw_style(Random& random) {
  const bool releases_early = random.chance(40);
  return {.writes_uris = releases_early || random.chance(30),
          .lists_machines = releases_early || random.chance(85),
          .releases_early = releases_early,
          .has_database = random.chance(40),
          .unsupported_for_at_most = Seconds{one_of<3>(random, {0, 0, 120})},
          .clock_ahead = Seconds{random.chance(30) ? random.between(-90, 90) : 0}};
}

Event draw_steps(Random& random, std::int64_t pools) {
  return {.kind = EventKind::steps_arrive,
          .which = random.between(0, pools - 1),
          .count = random.between(1, 25),
          .seconds = one_of<5>(random, {3, 20, 60, 150, 400})};
}

Event draw_fault(Random& random, const Scenario& scenario) {
  const auto pools = std::ssize(scenario.pools);
  Event fault{.kind = static_cast<EventKind>(random.between(1, static_cast<std::int64_t>(last_fault))),
              .which = random.between(0, 20),
              .count = random.between(1, 4),
              .seconds = one_of<5>(random, {5, 20, 60, 150, 500})};
  // Faults that are most likely to find something come more often.
  if (random.chance(20)) fault.kind = EventKind::program_is_killed;
  if (random.chance(15)) fault.kind = EventKind::operations_go_wrong;
  const bool always_lists_machines = scenario.style.releases_early || scenario.machines_join;
  if (fault.kind == EventKind::status_has_no_machines && always_lists_machines) fault.kind = EventKind::status_is_old;
  if (fault.kind == EventKind::program_is_killed) fault.count = random.between(0, 100);
  if (fault.kind == EventKind::operations_go_wrong)
    fault.which = random.between(1, static_cast<std::int64_t>(sim::JobFate::takes_long));
  if (fault.kind == EventKind::maximum_changes || fault.kind == EventKind::pool_is_toggled) fault.which %= pools;
  return fault;
}

// Most answers come soon, some take seconds.
sim::Span draw_delays(Random& random) { return {Millis{0}, Millis{one_of<5>(random, {0, 20, 100, 500, 5'000})}}; }

sim::Pace draw_pace(Random& random) {
  return {.question = draw_delays(random),
          .status = draw_delays(random),
          .journal = draw_delays(random),
          .publication = draw_delays(random)};
}

void sort(std::vector<Event>& events) {
  std::ranges::sort(events, {}, [](const Event& event) {
    return std::tuple(event.at, event.kind, event.which, event.count, event.seconds);
  });
}

void draw_events(Random& random, Scenario& scenario) {
  const auto pools = std::ssize(scenario.pools);
  const std::int64_t length = random.between(600, 2400);
  const std::int64_t bursts = random.between(1, 6);
  const std::int64_t faults = random.chance(5) ? 0 : random.between(1, 14);
  for (std::int64_t n = 0; n < bursts; ++n) scenario.events.push_back(draw_steps(random, pools));
  for (std::int64_t n = 0; n < faults; ++n) scenario.events.push_back(draw_fault(random, scenario));
  // The queue is empty until the machines file has been written for the first time.
  for (Event& event : scenario.events) event.at = Seconds{random.between(100, length)};
  sort(scenario.events);
  scenario.faults_end_at = Seconds{length + 60};
}

// With our tag at our clouds. It counts its machines as we do ours; one of an old version notes no owner.
void draw_another_installation(Random& random, Scenario& scenario) {
  if (!random.chance(40)) return;
  const bool notes_itself = random.chance(70);
  const std::int64_t machines = random.between(1, 4);
  for (std::int64_t n = 0; n < machines; ++n) {
    scenario.events.push_back({.at = Seconds{random.between(100, scenario.faults_end_at.count() - 60)},
                               .kind = EventKind::another_installation_makes_a_machine,
                               .which = random.between(0, std::ssize(scenario.pools) - 1),
                               .count = notes_itself ? n + 1 : n + 500,
                               .seconds = notes_itself ? 1 : 0});
  }
  sort(scenario.events);
}

void draw_faults_of_joining(Random& random, Scenario& scenario) {
  if (!scenario.machines_join) return;
  const std::int64_t faults = random.between(0, 4);
  for (std::int64_t n = 0; n < faults; ++n) {
    const std::int64_t kind = random.between(static_cast<std::int64_t>(first_fault_of_joining),
                                             static_cast<std::int64_t>(last_fault_of_joining));
    scenario.events.push_back({.at = Seconds{random.between(100, scenario.faults_end_at.count() - 60)},
                               .kind = static_cast<EventKind>(kind),
                               .which = random.between(0, 20),
                               .seconds = one_of<3>(random, {60, 150, 500})});
  }
  sort(scenario.events);
}

Event draw_fault_of_hosts(Random& random, const Scenario& scenario) {
  Event fault{.at = Seconds{random.between(100, scenario.faults_end_at.count() - 60)},
              .kind = static_cast<EventKind>(random.between(static_cast<std::int64_t>(first_fault_of_hosts),
                                                            static_cast<std::int64_t>(last_fault_of_hosts))),
              .which = random.between(0, 20),
              .count = random.between(0, 100),
              .seconds = one_of<5>(random, {10, 40, 120, 300, 900})};
  if (random.chance(25)) fault.kind = EventKind::host_stands_still;
  const bool is_of_database = fault.kind == EventKind::database_is_down || fault.kind == EventKind::database_fails_over;
  if (is_of_database) fault.seconds = one_of<4>(random, {2, 5, 30, 300});
  if (fault.kind == EventKind::database_fails_over) fault.count %= 8;
  return fault;
}

// Of every third seed, drawn on their own, so that the rest of it is what it would be with one host.
void draw_hosts(Scenario& scenario) {
  if (scenario.seed % 3 != 2) return;
  constexpr std::uint64_t other_than_the_rest = 1'000'000'007;
  Random random(scenario.seed + other_than_the_rest);
  scenario.clock_errors.clear();
  const std::int64_t hosts = random.between(2, 3);
  for (std::int64_t n = 0; n < hosts; ++n)
    scenario.clock_errors.emplace_back(one_of<4>(random, {0, 0, -7'200, 10'800}));
  const std::int64_t faults = random.between(0, 6);
  for (std::int64_t n = 0; n < faults; ++n) scenario.events.push_back(draw_fault_of_hosts(random, scenario));
  sort(scenario.events);
}

std::string described_pings(const sim::QueueRunnerStyle& style) {
  return fmt::format("machines join, ping every {} s, dispatcher wakes every {} s, ",
                     style.ping_interval.count() / 1000, style.dispatch_interval.count() / 1000);
}

}  // namespace

const std::string& step_type_of(const Event& event, const std::vector<PoolSetup>& pools) {
  const std::vector<std::string>& arriving = pools.at(static_cast<std::size_t>(event.which)).step_types;
  return arriving.at(static_cast<std::size_t>(event.count + event.seconds) % arriving.size());
}

std::string to_string(const Event& event) {
  return fmt::format("{:6} s  {}: which {}, count {}, {} s", event.at.count(), hydra_provisioner::to_string(event.kind),
                     event.which, event.count, event.seconds);
}

Scenario draw_scenario(std::uint64_t seed) {
  Random random(seed);
  Scenario scenario;
  scenario.seed = seed;
  scenario.is_daemon = random.chance(60);
  scenario.interval_seconds = one_of<3>(random, {15, 30, 60});
  scenario.has_update_command = random.chance(20);
  scenario.style = draw_style(random);
  const std::int64_t pools = one_of<6>(random, {1, 1, 2, 2, 3, 4});
  for (std::int64_t n = 0; n < pools; ++n)
    scenario.pools.push_back(draw_pool(random, types.at(static_cast<std::size_t>(n))));
  for (std::size_t n = 0; n < scenario.pools.size(); ++n) scenario.pools[n].counts_work = (seed + n) % 4 == 0;
  let_pools_overlap(scenario);
  if (seed % 4 == 1) let_machines_join(random, scenario);
  draw_events(random, scenario);
  scenario.max_parallel = one_of<5>(random, {1, 2, 2, 3, 8});
  scenario.pace = draw_pace(random);
  draw_another_installation(random, scenario);
  draw_faults_of_joining(random, scenario);
  draw_hosts(scenario);
  return scenario;
}

std::string to_string(const Scenario& scenario) {
  const auto& style = scenario.style;
  std::string text = fmt::format(
      "seed {}: {}, interval {} s{}, {} jobs at a time; queue runner: {}{}{}{}{}aborts unsupported steps after {} s, "
      "clock {:+} s\n",
      scenario.seed, scenario.is_daemon ? "daemon" : "cron", scenario.interval_seconds,
      scenario.has_update_command ? ", updateCommand" : "", scenario.max_parallel,
      scenario.machines_join ? described_pings(style) : "", style.writes_uris ? "URIs, " : "",
      style.lists_machines ? "" : "no machines, ", style.releases_early ? "releases early, " : "",
      style.has_database ? "has a database, " : "", style.unsupported_for_at_most.count(), style.clock_ahead.count());
  if (scenario.is_shared())
    text += fmt::format("  {} hosts, whose clocks are ahead by {} s\n", scenario.clock_errors.size(),
                        fmt::join(scenario.clock_errors | std::views::transform(&Seconds::count), ", "));
  text += fmt::format("  answers take up to: status {}, providers {}, journal {}, machines file {} ms\n",
                      2 * scenario.pace.status.most.count(), 2 * scenario.pace.question.most.count(),
                      2 * scenario.pace.journal.most.count(), 2 * scenario.pace.publication.most.count());
  for (const PoolSetup& pool : scenario.pools) {
    text += fmt::format(
        "  pool {}{}{}: {}{}, {} to {} machines, {} runnables each, {} jobs{}, grace {} s, billing period {} s\n",
        pool.name, pool.supported.empty() ? "" : fmt::format(", supports {}", fmt::join(pool.supported, ",")),
        pool.spill ? ", spill" : "", pool.counts_work ? "by work, " : "", pool.is_nixops ? "nixops" : "local",
        pool.min_machines, pool.max_machines, pool.runnables_per_machine, pool.max_jobs,
        pool.stop_on_idle ? ", stop on idle" : "", pool.grace_period_seconds, pool.billing_period_seconds);
  }
  for (const Event& event : scenario.events) text += fmt::format("  {}\n", to_string(event));
  return text + fmt::format("  {:6} s  all faults end\n", scenario.faults_end_at.count());
}

}  // namespace hydra_provisioner::simulation
