#include "forecast/tuning.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fakes/fake_voice.hpp"
#include "tests/support/usual.hpp"
#include "trace/generate.hpp"

namespace hydra_provisioner::forecast {
namespace {

using testing::Not;
using testing::SizeIs;

using support::plain;

PoolConfig pool_called(const PoolName& name) {
  PoolConfig pool;
  pool.name = name;
  pool.type = parse_system_type(name.text).value();
  pool.max_machines = 4;
  pool.runnables_per_machine = 1;
  pool.grace_period = Seconds{3600};
  return pool;
}

TEST(Tuning, ComparesThePresentSettingOfAPoolWithTheBestOnes) {
  Config config;
  config.tag = Tag{"t"};
  for (const PoolName& name : {plain, PoolName{"aarch64-linux"}}) config.pools.emplace(name, pool_called(name));
  const trace::Trace trace = trace::generate({.days = 0.1, .steps = 6});
  const SimulationTerms terms{.boots = {{plain, {Seconds{100}}}}};
  fakes::FakeVoice voice;
  const auto found = tune(config, plain, trace, terms, voice);
  ASSERT_TRUE(found);
  const Tuning& tuning = *found;
  EXPECT_EQ(tuning.now.setting, setting_of(config.pools.at(plain)));
  EXPECT_EQ(tuning.now.forecast.steps, std::ssize(trace.steps));
  ASSERT_THAT(tuning.front, Not(SizeIs(0)));
  EXPECT_LT(tuning.front.front().price(), tuning.now.price()) << "an hour of grace is too long for this trace";
  EXPECT_GE(tuning.front.front().ratio_to_level(), 1);
  ASSERT_TRUE(tuning.suggestion());
  ASSERT_TRUE(tuning.tuned_on && tuning.applied_to);
  EXPECT_LT(tuning.tuned_on->suggested.price(), tuning.tuned_on->now.price());
  EXPECT_EQ(tuning.tuned_on->now.forecast.steps + tuning.applied_to->now.forecast.steps, std::ssize(trace.steps));
  EXPECT_EQ(tuning.applied_to->suggested.setting, tuning.suggestion()->setting);
  EXPECT_FALSE(tune(config, PoolName{"aarch64-linux"}, trace, terms, voice)) << "it has no steps";
}

}  // namespace
}  // namespace hydra_provisioner::forecast
