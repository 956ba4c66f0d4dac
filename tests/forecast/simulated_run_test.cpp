#include "forecast/simulated_run.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <random>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "config/load.hpp"
#include "forecast/report.hpp"
#include "io/text/json.hpp"
#include "tests/support/usual.hpp"
#include "trace/generate.hpp"
#include "trace/read.hpp"

namespace hydra_provisioner::forecast {
namespace {

using support::plain;

Config config_with(const io::Json& pool) {
  io::Json settings{{"local", io::Json::object()}, {"sshKey", "/key"}};
  settings.update(pool);
  auto config = config::read_config("conf.nix", {{"systemTypes", {{plain.text, settings}}}}, {});
  if (!config) throw std::logic_error(fmt::format("{}", fmt::join(config.error(), "\n")));
  return *std::move(config);
}

trace::Trace trace_of(const std::string& rows) { return *trace::read_trace("ready_at,duration_s,system\n" + rows); }

SimulationTerms boot_of(std::int64_t seconds) { return {.boots = {{plain, {Seconds{seconds}}}}}; }

TEST(Simulation, MeasuresWhatAMachineDoesAndHowLongItsStepWaits) {
  const Config config = config_with({{"runnablesPerMachine", 1}, {"gracePeriod", 300}, {"pricePerHour", 1}});
  const Forecast forecast = simulate(config, trace_of("0,3600,x86_64-linux\n"), boot_of(200));
  const PoolForecast& pool = forecast.pools.at(plain);
  EXPECT_EQ(pool.steps, 1);
  EXPECT_EQ(pool.boots, 1);
  EXPECT_EQ(pool.peak_machines, 1);
  EXPECT_EQ(pool.hours[static_cast<std::size_t>(Phase::busy)], Seconds{3600});
  // The boot, a pass that sees it, and at most 30 s until the queue runner reads the file.
  EXPECT_GE(pool.wait.mean, 200);
  EXPECT_LE(pool.wait.mean, 200 + 5 + 30);
  EXPECT_NEAR(hours_in(pool.hours[static_cast<std::size_t>(Phase::idle)]) * 3600, 300 + 15, 20);
  EXPECT_EQ(pool.wait.mean, pool.wait.max);
  EXPECT_NEAR(static_cast<double>(pool.cost->n) / 1e6, hours_in(pool.machine_time()), 0.001);
  EXPECT_EQ(pool.bounds.work, Seconds{3600});
  EXPECT_EQ(pool.bounds.level, Seconds{3800});
}

TEST(Simulation, PaysForWholeBillingPeriods) {
  const Config config = config_with({{"runnablesPerMachine", 1}, {"billingPeriod", 3600}, {"pricePerHour", 0.5}});
  const Forecast forecast = simulate(config, trace_of("0,60,x86_64-linux\n"), boot_of(60));
  EXPECT_EQ(forecast.pools.at(plain).cost, Micros{500'000});
  EXPECT_LT(forecast.pools.at(plain).machine_time(), Seconds{3600});
}

TEST(Simulation, LeavesOutStepsThatNoPoolBuilds) {
  const Forecast forecast =
      simulate(config_with(io::Json::object()), trace_of("0,60,x86_64-linux\n5,60,riscv64-linux\n"), boot_of(60));
  ASSERT_EQ(forecast.unplaceable.size(), 1u);
  EXPECT_EQ(forecast.unplaceable[0].step_type, "riscv64-linux");
  EXPECT_EQ(forecast.unplaceable[0].runnable, 1);
  EXPECT_EQ(forecast.pools.at(plain).steps, 1);
}

TEST(Simulation, EndsThoughStepsAreNeverBuilt) {
  const Forecast forecast =
      simulate(config_with({{"ignoredRunnables", 5}}), trace_of("0,60,x86_64-linux\n"), boot_of(60));
  EXPECT_EQ(forecast.pools.at(plain).unfinished, 1);
  EXPECT_EQ(forecast.pools.at(plain).boots, 0);
}

TEST(Simulation, GivesMachinesBackBeforeTheyWereQuietIfItAsksHydrasDatabase) {
  const auto leaving = [](QueueKind kind) {
    Config config = config_with({{"runnablesPerMachine", 1}});
    config.queue.kind = kind;
    const Forecast forecast = simulate(config, trace_of("0,300,x86_64-linux\n"), boot_of(60));
    return forecast.pools.at(plain).hours[static_cast<std::size_t>(Phase::drain)];
  };
  EXPECT_LE(leaving(QueueKind::hydra_database), Seconds{60});
  EXPECT_GE(leaving(QueueKind::hydra), Config{}.quiet);
}

constexpr std::int64_t usual_boot = 180;
// Beyond the target wait, two boots and what it takes to see a change: passes, and the queue runner's looks at the
// file.
constexpr std::int64_t longest_wait(std::int64_t boot) { return 300 + 2 * boot + 120; }

io::Json by_work(std::int64_t max_machines) {
  return {{"scaling", "work"}, {"maxJobs", 4}, {"maxMachines", max_machines}};
}

TEST(Simulation, LetsNoStepWaitForLongOnesWhereTheAverageIsShort) {
  std::string rows;
  for (int i = 0; i < 200; ++i) rows += fmt::format("{},60,x86_64-linux\n", 30 * i);
  for (int i = 0; i < 4; ++i) rows += fmt::format("{},36000,x86_64-linux\n", 20'000 + i);
  for (int i = 0; i < 20; ++i) rows += fmt::format("{},60,x86_64-linux\n", 22'000 + i);
  const PoolForecast pool = simulate(config_with(by_work(32)), trace_of(rows), boot_of(usual_boot)).pools.at(plain);
  EXPECT_EQ(pool.steps, 224);
  EXPECT_LE(pool.wait.max, 724);
  EXPECT_LE(hours_in(pool.machine_time()), 13);
}

// Steps of seconds and of hours, alone and in crowds.
trace::Trace mixed_steps(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto any_of = [&](auto... values) {
    const std::array all{values...};
    return all[random() % all.size()];
  };
  std::vector<std::pair<std::uint64_t, std::uint64_t>> steps;
  std::uint64_t crowd_at = 0;
  for (int crowd = 0; crowd < 30; ++crowd) {
    crowd_at += random() % 6000;
    const std::uint64_t duration = any_of(10U, 60U, 600U, 7200U, 30'000U);
    const std::uint64_t within = any_of(1U, 60U, 2000U);
    for (int left = any_of(1, 5, 20, 60); left > 0; --left)
      steps.emplace_back(crowd_at + random() % within, duration / 2 + random() % duration);
  }
  std::ranges::sort(steps);
  std::string rows;
  for (const auto& [ready_at, duration] : steps) rows += fmt::format("{},{},x86_64-linux\n", ready_at, duration);
  return trace_of(rows);
}

TEST(Simulation, LetsNoStepWaitLongByWorkWhileThereIsRoomBelowTheMaximum) {
  constexpr std::int64_t most = 1000;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const std::int64_t boot = seed % 2 == 0 ? 60 : usual_boot;
    const trace::Trace trace = mixed_steps(seed);
    const PoolForecast pool = simulate(config_with(by_work(most)), trace, boot_of(boot)).pools.at(plain);
    EXPECT_LT(pool.peak_machines, most);
    EXPECT_EQ(pool.steps, std::ssize(trace.steps));
    EXPECT_LE(pool.wait.max, longest_wait(boot)) << "seed " << seed;
  }
}

TEST(Simulation, KeepsSpareSlotsForStepsThatArriveWhileOthersRun) {
  std::string rows;
  for (int i = 0; i < 60; ++i) rows += fmt::format("{},900,x86_64-linux\n", 60 * i);
  const auto waits = [&](const io::Json& spare_slots) {
    io::Json pool = by_work(32);
    pool["spareSlots"] = spare_slots;
    return simulate(config_with(pool), trace_of(rows), boot_of(usual_boot)).pools.at(plain).wait;
  };
  EXPECT_GT(waits(0).p95, usual_boot);
  EXPECT_LT(waits(8).p95, usual_boot);
  EXPECT_LT(waits("auto").mean, waits(0).mean);
}

TEST(Simulation, KeepsTheMinimumOfMachines) {
  const Forecast forecast =
      simulate(config_with({{"minMachines", 1}}), trace_of("0,60,x86_64-linux\n86400,60,x86_64-linux\n"), boot_of(60));
  EXPECT_EQ(forecast.pools.at(plain).boots, 1);
  EXPECT_GE(forecast.pools.at(plain).machine_time(), Seconds{86'400});
}

TEST(Simulation, KeepsSpareMachines) {
  const auto wait = [](std::int64_t spare) {
    const Config config = config_with({{"runnablesPerMachine", 1}, {"maxMachines", 4}, {"spareMachines", spare}});
    return simulate(config, trace_of("0,60,x86_64-linux\n3600,600,x86_64-linux\n"), boot_of(300)).pools.at(plain).wait;
  };
  EXPECT_GE(wait(0).max, 300);
  EXPECT_GE(wait(0).p50, 300);
  EXPECT_LT(wait(1).p50, 60);
}

TEST(Simulation, KeepsMachinesThatStandBy) {
  const trace::Trace trace = trace_of("0,60,x86_64-linux\n36000,60,x86_64-linux\n");
  const auto forecast = [&](std::int64_t standby) {
    const Config config = config_with({{"runnablesPerMachine", 1},
                                       {"maxMachines", 3},
                                       {"standbyMachines", standby},
                                       {"pricePerHour", 1},
                                       {"stoppedPricePerHour", 0.1}});
    return simulate(config, trace, boot_of(600)).pools.at(plain);
  };
  const PoolForecast with = forecast(1);
  const PoolForecast without = forecast(0);
  EXPECT_EQ(without.stopped, Millis{0});
  EXPECT_GE(without.wait.p50, 600);
  EXPECT_LT(with.wait.p50, 60 + 45);  // a start instead of a boot
  EXPECT_GT(with.stopped, Seconds{34'000});
  EXPECT_NEAR(units_in(*with.cost), hours_in(with.machine_time()) + 0.1 * hours_in(with.stopped), 0.001);
}

TEST(Simulation, LetsStepsWaitForThoseTheyDependOn) {
  const trace::Trace trace = *trace::read_trace(
      "ready_at,duration_s,system,name,depends_on\n0,1000,x86_64-linux,a,\n0,1000,x86_64-linux,b,a\n"
      "0,10,riscv64-linux,c,\n0,1000,x86_64-linux,d,c\n");
  const Config config = config_with({{"runnablesPerMachine", 1}, {"maxMachines", 5}, {"maxJobs", 5}});
  const PoolForecast pool = simulate(config, trace, boot_of(60)).pools.at(plain);
  EXPECT_EQ(pool.steps, 3);
  EXPECT_GE(pool.hours[static_cast<std::size_t>(Phase::busy)], Seconds{2000});
  EXPECT_LT(pool.wait.max, 120);  // b is not ready before a has ended
}

TEST(Simulation, TakesMachinesAwayAndBuildsTheirStepsAgain) {
  SimulationTerms terms = boot_of(60);
  terms.interruptions_per_hour = 0.5;
  const Config config = config_with({{"runnablesPerMachine", 1}, {"maxMachines", 3}});
  const trace::Trace trace =
      trace_of("0,3000,x86_64-linux\n10,3000,x86_64-linux\n20,3000,x86_64-linux\n30,3000,x86_64-linux\n");
  const PoolForecast pool = simulate(config, trace, terms).pools.at(plain);
  EXPECT_GT(pool.interruptions, 0);
  EXPECT_GT(pool.lost_work, Millis{0});
  EXPECT_EQ(pool.steps + pool.unfinished, 4);
}

TEST(Simulation, IsTheSameForTheSameSeed) {
  const trace::Trace trace = trace::generate({.pattern = trace::Pattern::bursts, .days = 1, .steps = 300});
  const Config config = config_with({{"runnablesPerMachine", 3}, {"maxMachines", 5}});
  SimulationTerms terms{.interruptions_per_hour = 0.1};
  const auto text = [&] { return forecast_document(simulate(config, trace, terms)).dump(); };
  const std::string first = text();
  EXPECT_EQ(first, text());
  terms.seed = 2;
  EXPECT_NE(first, text());
}

// Passes are skipped only where nothing can change: without skipping, only the number of passes differs.
TEST(Simulation, SkipsOnlyPassesThatChangeNothing) {
  for (const trace::Pattern pattern : {trace::Pattern::poisson, trace::Pattern::weekly, trace::Pattern::bursts}) {
    for (const char* provider : {"local", "nixops"}) {
      io::Json pool{{"maxMachines", 6},
                    {"runnablesPerMachine", 2},
                    {"maxJobs", 2},
                    {"gracePeriod", 400},
                    {"stopOnIdle", pattern == trace::Pattern::weekly}};
      if (pattern == trace::Pattern::poisson) pool["billingPeriod"] = 3600;
      if (pattern != trace::Pattern::weekly) pool["spareSlots"] = "auto";
      if (pattern == trace::Pattern::bursts) {
        pool["scaling"] = "work";
        pool["targetWait"] = 60;
      }
      Config config = config_with(pool);
      if (provider == std::string("nixops"))
        config.pools.at(plain).provider = NixopsSettings{.expression = "/n.nix", .nix_path = {}};
      const trace::Trace trace = trace::generate({.pattern = pattern, .days = 1, .steps = 100});
      SimulationTerms terms = boot_of(150);
      const auto skipping = forecast_document(simulate(config, trace, terms))["pools"];
      terms.skips_passes = false;
      EXPECT_EQ(skipping.dump(1), forecast_document(simulate(config, trace, terms))["pools"].dump(1)) << provider;
    }
  }
}

// Stops the simulation when it tells the first event.
class StoppingVoice final : public act::Voice {
 public:
  std::stop_source stop;
  std::int64_t events = 0;

  void note(const std::string&) override {}
  void detail(const std::string&) override {
    ++events;
    stop.request_stop();
  }
  void warning(const std::string&) override {}
  void problem(const std::string&) override {}
  void progress(const std::string&) override {}
  bool had_problems() const override { return false; }
};

TEST(StoppedSimulation, EndsInTheMiddle) {
  const Config config = config_with({{"runnablesPerMachine", 1}, {"maxMachines", 3}});
  std::string rows;
  for (int day = 0; day < 1000; ++day) rows += fmt::format("{},60,x86_64-linux\n", 86'400 * day);
  StoppingVoice voice;
  SimulationTerms terms = boot_of(60);
  terms.voice = &voice;
  terms.stop = voice.stop.get_token();
  const Forecast forecast = simulate(config, trace_of(rows), terms);
  EXPECT_LT(voice.events, 10);
  EXPECT_LT(forecast.pools.at(plain).steps, 2);
}

}  // namespace
}  // namespace hydra_provisioner::forecast
