#include "forecast/settings.hpp"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/trials.hpp"

namespace hydra_provisioner::forecast {
namespace {

using testing::ElementsAre;

using support::trial;

std::vector<std::int64_t> numbers_of(const std::vector<Trial>& trials) {
  std::vector<std::int64_t> numbers;
  for (const Trial& each : trials) numbers.push_back(each.setting.runnables_per_machine);
  return numbers;
}

TEST(Front, HasTheTrialsThatNoOtherBeatsTheCheapestFirst) {
  const auto front =
      front_of({trial(1, 50, 10), trial(2, 40, 20), trial(3, 45, 25), trial(4, 20, 90), trial(5, 60, 10)});
  EXPECT_THAT(numbers_of(front), ElementsAre(4, 2, 1));
}

TEST(Front, LeavesOutTrialsThatDoNotBuildEverything) {
  EXPECT_THAT(numbers_of(front_of({trial(1, 50, 10), trial(2, 5, 5, 1)})), ElementsAre(1));
}

TEST(Best, IsTheCheapestThatIsAsQuickAsNow) {
  const auto front = front_of({trial(1, 50, 10), trial(2, 40, 20), trial(3, 20, 90)});
  EXPECT_EQ(best_of(front, trial(9, 60, 25))->setting.runnables_per_machine, 2);
  EXPECT_EQ(best_of(front, trial(9, 60, 10))->setting.runnables_per_machine, 1);
  EXPECT_EQ(best_of(front, front[1]), nullptr);
  EXPECT_EQ(best_of(front, trial(9, 60, 5)), nullptr);
}

TEST(Best, IsElseTheQuickestThatCostsNoMore) {
  const auto front = front_of({trial(1, 50, 10), trial(2, 40, 20), trial(3, 20, 90)});
  EXPECT_EQ(best_of(front, trial(9, 50, 15))->setting.runnables_per_machine, 1);
  EXPECT_EQ(best_of(front, trial(9, 20, 95))->setting.runnables_per_machine, 3);
}

TEST(Knee, IsWhereMoreMoneySavesLittleWaiting) {
  const auto front = front_of({trial(1, 10, 100), trial(2, 20, 30), trial(3, 60, 20), trial(4, 100, 10)});
  EXPECT_EQ(knee_of(front)->setting.runnables_per_machine, 2);
}

TEST(Knee, IsNowhereOnAStraightLineOrBetweenTwo) {
  EXPECT_EQ(knee_of(front_of({trial(1, 10, 100), trial(2, 100, 10)})), nullptr);
  EXPECT_EQ(knee_of(front_of({trial(1, 10, 30), trial(2, 20, 20), trial(3, 30, 10)})), nullptr);
}

TEST(Settings, ComeBackFromAPoolAsTheyWerePutIn) {
  for (const Setting& setting :
       {Setting{.runnables_per_machine = 3, .packing = true, .grace = Seconds{60}, .max_machines = 7},
        Setting{.scaling = Scaling::work, .target_wait = Seconds{99}, .spare_slots = 3, .max_machines = 2},
        Setting{.spares_by_arrivals = true}}) {
    EXPECT_EQ(setting_of(with_setting(PoolConfig{}, setting)), setting);
  }
}

TEST(Settings, KeepTheMaximumAboveTheMinimum) {
  PoolConfig pool;
  pool.max_machines = 20;
  pool.min_machines = 5;
  EXPECT_EQ(with_setting(pool, {.max_machines = 2}).max_machines, 5);
  pool.standby_machines = 3;
  EXPECT_EQ(with_setting(pool, {.max_machines = 2}).max_machines, 8);
  pool.schedules.emplace_back().min_machines = 7;
  EXPECT_EQ(with_setting(pool, {.max_machines = 2}).max_machines, 10);
  pool.schedules.emplace_back().spare_machines = 9;
  EXPECT_EQ(with_setting(pool, {.max_machines = 2}).max_machines, 12);
}

TEST(Settings, LeaveThePresentMaximumAsItIs) {
  PoolConfig pool;
  pool.max_machines = 10;
  pool.standby_machines = 5;
  pool.schedules.emplace_back().min_machines = 7;
  EXPECT_EQ(with_setting(pool, setting_of(pool)).max_machines, 10);
}

TEST(Settings, AreTheSameWhereTheyDifferInAnOptionOfTheOtherRule) {
  PoolConfig pool;
  pool.scaling = Scaling::work;
  const Setting setting = setting_of(pool);
  pool.runnables_per_machine = 3;
  EXPECT_EQ(setting_of(pool), setting);
}

TEST(Settings, AreWrittenAsNixAttributes) {
  EXPECT_EQ(nix_text({.runnables_per_machine = 3, .grace = Seconds{60}, .max_machines = 7}),
            "scaling = \"runnables\";\nrunnablesPerMachine = 3;\nspareSlots = 0;\npacking = false;\ngracePeriod = 60;\n"
            "maxMachines = 7;\n");
  EXPECT_EQ(nix_text({.scaling = Scaling::work, .target_wait = Seconds{99}, .packing = true, .max_machines = 2}),
            "scaling = \"work\";\ntargetWait = 99;\nspareSlots = 0;\npacking = true;\ngracePeriod = 0;\n"
            "maxMachines = 2;\n");
  EXPECT_THAT(nix_text({.spares_by_arrivals = true}), testing::HasSubstr("spareSlots = \"auto\";\n"));
  EXPECT_THAT(nix_text({.spare_slots = 3}), testing::HasSubstr("spareSlots = 3;\n"));
}

TEST(Search, BeginsWithThePresentSettingAndTriesNothingTwice) {
  PoolConfig pool;
  pool.max_machines = 9;
  const auto coarse = coarse_settings(pool, Seconds{100}, Seconds{3000});
  EXPECT_EQ(coarse.front(), setting_of(pool));
  std::set<Setting> tried(coarse.begin(), coarse.end());
  EXPECT_EQ(tried.size(), coarse.size());
  std::vector<Trial> front{trial(1, 50, 10), trial(2, 40, 20)};
  front[0].setting = coarse[1];
  front[1].setting = coarse[8];
  const auto finer = finer_settings(pool, front, trial(9, 60, 25), tried, 100);
  EXPECT_FALSE(finer.empty());
  for (const Setting& setting : finer) EXPECT_TRUE(tried.insert(setting).second);
  EXPECT_EQ(finer_settings(pool, front, trial(9, 60, 25), {}, 3).size(), 3U);
}

TEST(Search, TriesTargetWaitsBeyondTheBootAndTwoSteps) {
  const auto coarse = coarse_settings(PoolConfig{}, Seconds{100}, Seconds{3000});
  const auto has = [&](auto is_it) { return std::ranges::any_of(coarse, is_it); };
  EXPECT_TRUE(has([](const Setting& setting) { return setting.target_wait == Seconds{6100}; }));
  EXPECT_TRUE(has([](const Setting& setting) { return setting.spares_by_arrivals; }));
}

TEST(Search, TriesThePresentSettingWithAShorterGrace) {
  PoolConfig pool;
  pool.grace_period = Seconds{3600};
  Setting shorter = setting_of(pool);
  shorter.grace = Seconds{1800};
  EXPECT_THAT(coarse_settings(pool, Seconds{100}, Seconds{3000}), testing::Contains(shorter));
}

TEST(Search, TriesNoOtherMaximumWhereItWasNeverReached) {
  Trial few = trial(1, 50, 10);
  few.setting.max_machines = 8;
  few.forecast.peak_machines = 3;
  for (const Setting& setting : finer_settings({}, {few}, few, {few.setting}, 100)) EXPECT_EQ(setting.max_machines, 8);
  few.forecast.peak_machines = 8;
  const auto finer = finer_settings({}, {few}, few, {few.setting}, 100);
  EXPECT_TRUE(std::ranges::any_of(finer, [](const Setting& setting) { return setting.max_machines == 16; }));
}

TEST(Search, TriesNoMaximumThatIsTooLowForWhatIsAlwaysKept) {
  PoolConfig pool;
  pool.max_machines = 10;
  pool.standby_machines = 8;
  Trial full = trial(1, 50, 10);
  full.setting.max_machines = 10;
  full.forecast.peak_machines = 10;
  const auto finer = finer_settings(pool, {full}, full, {full.setting}, 100);
  EXPECT_FALSE(finer.empty());
  for (const Setting& setting : finer) EXPECT_GE(setting.max_machines, 8);
}

TEST(Best, IsNothingThatIsHardlyBetter) {
  EXPECT_EQ(best_of(front_of({trial(1, 996, 20)}), trial(9, 1000, 20)), nullptr) << "0 % cheaper";
  EXPECT_EQ(best_of(front_of({trial(1, 1000, 99)}), trial(9, 1000, 100)), nullptr) << "1 % quicker";
}

TEST(Best, IsBetterThanNow) {
  const Trial now = trial(9, 1000, 100);
  EXPECT_TRUE(is_better(trial(1, 980, 100), now));
  EXPECT_TRUE(is_better(trial(1, 1000, 90), now));
  EXPECT_FALSE(is_better(trial(1, 500, 101), now)) << "slower";
  EXPECT_FALSE(is_better(trial(1, 1001, 50), now)) << "dearer";
  EXPECT_FALSE(is_better(now, now));
}

TEST(Worse, IsWhatIsDearerOrSlowerOrLeavesStepsUnbuilt) {
  const Trial now = trial(9, 1000, 100);
  EXPECT_TRUE(is_worse(trial(1, 1020, 50), now));
  EXPECT_TRUE(is_worse(trial(1, 500, 110), now));
  EXPECT_TRUE(is_worse(trial(1, 500, 50, 1), now));
  EXPECT_FALSE(is_worse(trial(1, 1005, 101), now)) << "by chance";
  EXPECT_FALSE(is_worse(now, now));
}

}  // namespace
}  // namespace hydra_provisioner::forecast
