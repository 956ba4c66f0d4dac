#include "forecast/settings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hydra_provisioner::forecast {
namespace {

using testing::ElementsAre;

Trial trial(std::int64_t runnables, int hours, double wait, std::int64_t unfinished = 0) {
  Trial result{.setting = {.runnables_per_machine = runnables}, .forecast = {}};
  result.forecast.hours[0] = std::chrono::hours{hours};
  result.forecast.wait.mean = wait;
  result.forecast.unfinished = unfinished;
  return result;
}

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
        Setting{.scaling = Scaling::work, .target_wait = Seconds{99}, .packing = true, .max_machines = 2}}) {
    EXPECT_EQ(setting_of(with_setting(PoolConfig{}, setting)), setting);
  }
}

TEST(Settings, KeepTheMaximumAboveTheMinimum) {
  PoolConfig pool;
  pool.min_machines = 5;
  EXPECT_EQ(with_setting(pool, {.max_machines = 2}).max_machines, 5);
}

TEST(Settings, AreWrittenAsNixAttributes) {
  EXPECT_EQ(nix_text({.runnables_per_machine = 3, .grace = Seconds{60}, .max_machines = 7}),
            "runnablesPerMachine = 3;\npacking = false;\ngracePeriod = 60;\nmaxMachines = 7;\n");
  EXPECT_EQ(nix_text({.scaling = Scaling::work, .target_wait = Seconds{99}, .packing = true, .max_machines = 2}),
            "scaling = \"work\";\ntargetWait = 99;\npacking = true;\nmaxMachines = 2;\n");
}

TEST(Search, BeginsWithThePresentSettingAndTriesNothingTwice) {
  PoolConfig pool;
  pool.max_machines = 9;
  const auto coarse = coarse_settings(pool, Seconds{100});
  EXPECT_EQ(coarse.front(), setting_of(pool));
  std::set<Setting> tried(coarse.begin(), coarse.end());
  EXPECT_EQ(tried.size(), coarse.size());
  std::vector<Trial> front{{.setting = coarse[1], .forecast = {}}, {.setting = coarse[4], .forecast = {}}};
  const auto finer = finer_settings(front, tried);
  EXPECT_FALSE(finer.empty());
  for (const Setting& setting : finer) EXPECT_TRUE(tried.insert(setting).second);
}

}  // namespace
}  // namespace hydra_provisioner::forecast
