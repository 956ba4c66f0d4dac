#include "forecast/merging.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fakes/fake_voice.hpp"
#include "tests/support/usual.hpp"
#include "trace/generate.hpp"

namespace hydra_provisioner::forecast {
namespace {

using support::plain;
using testing::ElementsAre;
using testing::IsEmpty;

const PoolName kvm{"x86_64-linux:kvm"};
const PoolName big{"x86_64-linux:big-parallel"};

PoolConfig alike_pool(const PoolName& name) {
  PoolConfig pool;
  pool.name = name;
  pool.type = parse_system_type(name.text).value();
  pool.max_machines = 4;
  pool.max_jobs = 4;
  pool.runnables_per_machine = 1;
  pool.grace_period = Seconds{600};
  return pool;
}

Config config_of(const std::vector<PoolName>& names) {
  Config config;
  config.tag = Tag{"t"};
  for (const PoolName& name : names) config.pools.emplace(name, alike_pool(name));
  return config;
}

// Steps of all these types in turn, a minute apart.
trace::Trace steps_in_turn(const std::vector<PoolName>& types) {
  trace::Trace trace;
  for (const PoolName& type : types) trace.step_types.push_back(type.text);
  for (std::uint32_t n = 0; n < 60; ++n) {
    trace.steps.push_back({.ready_at = Seconds{60} * n,
                           .duration = Seconds{120},
                           .type = n % static_cast<std::uint32_t>(types.size()),
                           .name = ""});
  }
  return trace;
}

TEST(Merging, RecommendsOnePoolForSeveralWithIdleMachines) {
  const Config config = config_of({plain, big, kvm});
  fakes::FakeVoice voice;
  const SimulationTerms terms;
  const auto mergers = useful_mergers(config, steps_in_turn({kvm, big, kvm, plain}), terms, voice);
  ASSERT_EQ(mergers.size(), 1U);
  const Merger& merger = mergers.front();
  EXPECT_THAT(merger.pools, ElementsAre(plain, big, kvm));
  EXPECT_EQ(merger.merged.name, kvm) << "that with the most steps";
  EXPECT_GT(merger.saved(), 0.2);
  EXPECT_LT(merger.saved(), 0.6);
  EXPECT_EQ(merger.now.unfinished + merger.then.unfinished, 0);
  EXPECT_EQ(nix_attributes(merger.merged),
            "systems = [ \"i686-linux\" \"x86_64-linux\" ];\n"
            "supportedFeatures = [ \"big-parallel\" \"kvm\" ];\n"
            "mandatoryFeatures = [ ];\n"
            "maxMachines = 12;\n");
}

TEST(Merging, DoesNotRecommendWhatSavesNothing) {
  const Config config = config_of({plain, kvm});
  fakes::FakeVoice voice;
  const SimulationTerms terms;
  EXPECT_THAT(useful_mergers(config, steps_in_turn({plain}), terms, voice), IsEmpty());
}

TEST(Merging, BelievesWhatAForecastOfAllPoolsHasShown) {
  Config config = config_of({plain, big, kvm});
  const trace::Trace trace = steps_in_turn({kvm, big, kvm, plain});
  fakes::FakeVoice voice;
  const SimulationTerms terms;
  const Forecast present = simulate(config, trace, terms);
  const auto anew = useful_mergers(config, trace, terms, voice);
  const auto known = useful_mergers(config, trace, terms, voice, &present);
  ASSERT_EQ(anew.size(), 1U);
  ASSERT_EQ(known.size(), 1U);
  EXPECT_EQ(known.front().now.machine_time, anew.front().now.machine_time);
  EXPECT_EQ(known.front().now.mean_wait, anew.front().now.mean_wait);

  Forecast nothing;
  for (const PoolName& name : {plain, big, kvm}) nothing.pools.emplace(name, PoolForecast{});
  EXPECT_THAT(useful_mergers(config, trace, terms, voice, &nothing), IsEmpty());
  const PoolName rest{"x86_64-linux:benchmark"};
  config.pools.emplace(rest, alike_pool(rest)).first->second.spill = true;
  EXPECT_EQ(useful_mergers(config, trace, terms, voice, &nothing).size(), 1U)
      << "its machines may have built steps of the others";
}

TEST(Merging, KeepsTheFeaturesThatAllRequire) {
  const PoolName both{"x86_64-linux:big-parallel,kvm"};
  Config config = config_of({both, kvm});
  config.pools.at(kvm).min_machines = 1;
  config.pools.at(both).spare_machines = 2;
  config.pools.at(both).standby_machines = 3;
  const PoolConfig one = merged(config, {both, kvm}, kvm);
  EXPECT_THAT(one.type.mandatory_features, ElementsAre("kvm"));
  EXPECT_THAT(one.type.supported_features, ElementsAre("big-parallel", "kvm"));
  EXPECT_EQ(one.max_machines, 8);
  EXPECT_EQ(one.min_machines, 1);
  EXPECT_EQ(one.spare_machines, 2);
  EXPECT_EQ(one.standby_machines, 3);
  EXPECT_THAT(nix_attributes(one),
              testing::HasSubstr("minMachines = 1;\nspareMachines = 2;\nstandbyMachines = 3;\nmaxMachines = 8;\n"));
}

TEST(Merging, IsOnlyForMachinesThatAreAlike) {
  const PoolName arm{"aarch64-linux"};
  Config config = config_of({plain, kvm, big, arm});
  EXPECT_THAT(groups_alike(config), ElementsAre(ElementsAre(plain, big, kvm)));
  config.pools.at(big).max_jobs = 8;
  EXPECT_THAT(groups_alike(config), ElementsAre(ElementsAre(plain, kvm)));
  config.pools.at(kvm).spill = true;
  EXPECT_THAT(groups_alike(config), IsEmpty());
  config = config_of({plain, kvm});
  config.pools.at(kvm).provider = NixopsSettings{};
  EXPECT_THAT(groups_alike(config), IsEmpty());
  config = config_of({plain, kvm});
  config.pools.at(kvm).price_per_hour = Micros{1};
  EXPECT_THAT(groups_alike(config), IsEmpty());
}

TEST(Simulation, BuildsStepsOfAllTypesThatAPoolServesAndWhatItLeavesOver) {
  Config config = config_of({plain, kvm});
  config.pools.at(plain).max_machines = 1;
  PoolConfig& wide = config.pools.at(kvm);
  wide.type.supported_features = {"big-parallel", "kvm"};
  wide.type.mandatory_features = {};
  wide.spill = true;
  const trace::Trace trace = steps_in_turn({plain, kvm, PoolName{"i686-linux:big-parallel,kvm"}, plain, plain});
  const SimulationTerms terms;
  const Forecast forecast = simulate(config, trace, terms);
  EXPECT_THAT(forecast.unplaceable, IsEmpty());
  EXPECT_EQ(forecast.pools.at(plain).steps, 36);
  EXPECT_EQ(forecast.pools.at(kvm).steps, 24);
  EXPECT_GT(forecast.pools.at(kvm).boots, 0);
}

}  // namespace
}  // namespace hydra_provisioner::forecast
