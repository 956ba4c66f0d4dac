#include "forecast/tuning.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fakes/fake_voice.hpp"
#include "tests/support/trials.hpp"
#include "tests/support/usual.hpp"

namespace hydra_provisioner::forecast {
namespace {

using testing::Not;
using testing::SizeIs;

using support::plain;
using support::trial;

PoolConfig pool_called(const PoolName& name) {
  PoolConfig pool;
  pool.name = name;
  pool.type = parse_system_type(name.text).value();
  pool.max_machines = 4;
  pool.runnables_per_machine = 1;
  pool.grace_period = Seconds{3600};
  return pool;
}

// Of pairs: when a step is ready, and how long it takes.
trace::Trace trace_of(const std::vector<std::pair<int, int>>& steps) {
  trace::Trace trace{.step_types = {plain.text}, .steps = {}};
  for (const auto& [ready_at, duration] : steps)
    trace.steps.push_back({.ready_at = Seconds{ready_at}, .duration = Seconds{duration}});
  return trace;
}

TEST(Tuning, ComparesThePresentSettingOfAPoolWithTheBestOnes) {
  Config config;
  config.tag = Tag{"t"};
  for (const PoolName& name : {plain, PoolName{"aarch64-linux"}}) config.pools.emplace(name, pool_called(name));
  const trace::Trace trace = trace_of({{0, 60}, {7'000, 60}, {14'000, 60}, {21'000, 60}});
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
  ASSERT_TRUE(tuning.on_halves && tuning.on_halves->second);
  const auto& [first, second] = *tuning.on_halves;
  EXPECT_LT(first.other.price(), first.now.price());
  EXPECT_EQ(first.now.forecast.steps + second->now.forecast.steps, std::ssize(trace.steps));
  EXPECT_EQ(second->other.setting, tuning.suggestion()->setting);
  EXPECT_FALSE(tune(config, PoolName{"aarch64-linux"}, trace, terms, voice)) << "it has no steps";
}

TEST(Suggestion, IsTheBestOfThoseThatAreBetterOnAllStepsAndNoWorseOnAnyHalf) {
  const Tuning tuning = judged({.on_half = {trial(9, 100, 50), trial(1, 50, 50), trial(2, 60, 50), trial(3, 90, 50)},
                                .on_all = {trial(9, 200, 50), trial(1, 240, 50), trial(2, 150, 50), trial(3, 190, 50)},
                                .on_rest = {trial(9, 100, 50), trial(2, 110, 50), trial(3, 100, 50)}});
  ASSERT_TRUE(tuning.suggestion());
  EXPECT_EQ(tuning.suggestion()->setting, trial(3, 0, 0).setting) << "1 is dearer on all steps, 2 on the second half";
  ASSERT_TRUE(tuning.on_halves && tuning.on_halves->second);
  EXPECT_EQ(tuning.on_halves->first.other.price(), 90);
  EXPECT_EQ(tuning.on_halves->second->other.price(), 100);
}

TEST(Suggestion, IsNoneThatIsBetterForTheFirstHalfAlone) {
  const Tuning tuning = judged({.on_half = {trial(9, 100, 50), trial(1, 98, 40)},
                                .on_all = {trial(9, 200, 50), trial(1, 480, 45)},
                                .on_rest = {trial(9, 100, 50), trial(1, 380, 50)}});
  EXPECT_EQ(tuning.suggestion(), nullptr);
  ASSERT_TRUE(tuning.on_halves && tuning.on_halves->second) << "the setting that was found is shown";
  EXPECT_EQ(tuning.on_halves->second->other.price(), 380);
}

TEST(Suggestion, IsNoneThatIsNoBetterForTheFirstHalf) {
  const Tuning tuning =
      judged({.on_half = {trial(9, 100, 50), trial(1, 100, 50)}, .on_all = {trial(9, 200, 50), trial(1, 150, 50)}});
  EXPECT_EQ(tuning.suggestion(), nullptr);
  EXPECT_FALSE(tuning.on_halves);
}

TEST(Suggestion, NeedsNoSecondHalfOfASingleStep) {
  const Tuning tuning =
      judged({.on_half = {trial(9, 100, 50), trial(1, 50, 50)}, .on_all = {trial(9, 100, 50), trial(1, 50, 50)}});
  ASSERT_TRUE(tuning.suggestion() && tuning.on_halves);
  EXPECT_FALSE(tuning.on_halves->second);
}

// Ten steps of a minute, one after another, each of which needs a machine that boots in 180 s; later two bursts of five
// steps of 15 minutes.
trace::Trace trace_that_changes() {
  std::vector<std::pair<int, int>> steps;
  for (int i = 0; i < 10; ++i) steps.emplace_back(400 * i, 60);
  for (const int burst : {14'000, 34'000}) {
    for (int i = 0; i < 5; ++i) steps.emplace_back(burst + i, 900);
  }
  return trace_of(steps);
}

TEST(Tuning, SuggestsNothingThatIsBetterForTheFirstHalfAlone) {
  Config config;
  config.tag = Tag{"t"};
  PoolConfig pool = pool_called(plain);
  pool.max_machines = 32;
  pool.max_jobs = 4;
  pool.runnables_per_machine = 3;
  pool.grace_period = Seconds{0};
  config.pools.emplace(plain, pool);
  fakes::FakeVoice voice;
  const auto tuning = tune(config, plain, trace_that_changes(), {.boots = {{plain, {Seconds{180}}}}}, voice);
  ASSERT_TRUE(tuning);
  EXPECT_EQ(tuning->suggestion(), nullptr);
  ASSERT_TRUE(tuning->on_halves && tuning->on_halves->second);
  EXPECT_TRUE(is_better(tuning->on_halves->first.other, tuning->on_halves->first.now));
  EXPECT_TRUE(is_cheaper(tuning->on_halves->second->now, tuning->on_halves->second->other));

  // The terminal puts the elapsed time before it, and cuts what is longer than a line; other names are longer, too.
  const auto longest = std::ranges::max_element(voice.progresses, {}, &std::string::size);
  ASSERT_NE(longest, voice.progresses.end());
  EXPECT_LE(std::string("1234 s  ").size() + longest->size() + std::string(":kvm").size(), 79U) << *longest;
}

}  // namespace
}  // namespace hydra_provisioner::forecast
