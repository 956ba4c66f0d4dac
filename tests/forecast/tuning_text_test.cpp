#include "forecast/tuning_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/trials.hpp"
#include "tests/support/usual.hpp"

namespace hydra_provisioner::forecast {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

using support::plain;
using support::trial_of;

Setting work_with_grace(int seconds) {
  return {.scaling = Scaling::work, .packing = true, .grace = Seconds{seconds}, .max_machines = 10};
}

const Setting present = work_with_grace(60);

Tuning suggesting(const Setting& setting, int hours, double wait) {
  Tuning tuning{.now = trial_of(present, 100, 50),
                .front = {trial_of(setting, hours, wait), trial_of(present, 100, 50)}};
  tuning.suggested = setting;
  tuning.on_halves =
      OnHalves{.first = {.now = trial_of(present, 50, 50), .other = trial_of(setting, 40, 50)},
               .second = Comparison{.now = trial_of(present, 50, 50), .other = trial_of(setting, 50, 49)}};
  return tuning;
}

std::string text_about(const Tuning& tuning) { return tuning_text(plain, tuning, ""); }

TEST(TuningText, ShowsTheFrontThePresentSettingAndTheSuggestion) {
  EXPECT_EQ(
      text_about(suggesting(work_with_grace(30), 90, 50)),
      "x86_64-linux\n"
      "     machine-hours / level     mean wait      p95 wait  differs from now by\n"
      "=>            90.0    1.00        50.0 s    1 min 40 s  gracePeriod = 30;\n"
      "now          100.0    1.00        50.0 s    1 min 40 s\n"
      "As quick as now, and 10.0 % cheaper: into systemTypes.\"x86_64-linux\"\n\n"
      "scaling = \"work\";\ntargetWait = 300;\nspareSlots = 0;\npacking = true;\ngracePeriod = 30;\n"
      "maxMachines = 10;\n\n"
      "Found with the first half of the steps (20.0 % cheaper, mean wait 50.0 s instead of 50.0 s); applied to the "
      "second half: the same price, mean wait 49.0 s instead of 50.0 s.\n\n");
}

TEST(TuningText, SaysHowASuggestionIsBetter) {
  const Setting other = work_with_grace(30);
  EXPECT_THAT(text_about(suggesting(other, 90, 40)), HasSubstr("\nQuicker than now, and 10.0 % cheaper: into"));
  EXPECT_THAT(text_about(suggesting(other, 100, 40)), HasSubstr("\nNo dearer than now, and quicker: into"));
}

TEST(TuningText, SaysThatTheClassicRuleHasNoTargetWait) {
  const std::string removal = "Remove targetWait, if it is there: it belongs to scaling = \"work\".\n";
  EXPECT_THAT(text_about(suggesting({.runnables_per_machine = 1}, 90, 50)), HasSubstr(removal));
  EXPECT_THAT(text_about(suggesting(work_with_grace(30), 90, 50)), Not(HasSubstr("Remove")));
}

TEST(TuningText, SaysWhenASettingIsBetterForTheFirstHalfAlone) {
  Tuning tuning{.now = trial_of(present, 100, 50), .front = {trial_of(present, 100, 50)}};
  EXPECT_THAT(text_about(tuning), EndsWith("\nNo setting that was tried is better than the present one.\n"));
  const Setting other = work_with_grace(600);
  tuning.on_halves =
      OnHalves{.first = {.now = trial_of(present, 50, 50), .other = trial_of(other, 49, 50)},
               .second = Comparison{.now = trial_of(present, 50, 50), .other = trial_of(other, 190, 50)}};
  EXPECT_THAT(text_about(tuning),
              EndsWith("\nNo setting that was tried is better for the whole history. One is for the first half of the "
                       "steps (2.0 % cheaper, mean wait 50.0 s instead of 50.0 s), but not for the rest (3.8 times the "
                       "price, mean wait 50.0 s instead of 50.0 s): gracePeriod = 600;\n"));
  tuning.on_halves->second->other = trial_of(other, 50, 50);
  EXPECT_THAT(
      text_about(tuning),
      EndsWith("but hardly for the rest (the same price, mean wait 50.0 s instead of 50.0 s): gracePeriod = 600;\n"));
}

Tuning with_knee(int hours_of_knee) {
  return {.now = trial_of(present, 100, 50),
          .front = {trial_of(present, 100, 50), trial_of(work_with_grace(300), hours_of_knee, 20),
                    trial_of(work_with_grace(600), 1000, 19)}};
}

TEST(TuningText, SaysWhatTheKneeCostsAndGains) {
  EXPECT_THAT(text_about(with_knee(103)), HasSubstr("\nFor 3.0 % more, the p95 wait falls to 40 %: the knee, into"));
  EXPECT_THAT(text_about(with_knee(250)),
              HasSubstr("\nFor 2.5 times the price, the p95 wait falls to 40 %: the knee,"));
  EXPECT_THAT(text_about(with_knee(250)), HasSubstr("\nknee"));
}

TEST(TuningText, HasThePresentSettingOnceAndNoBlanksAtTheEndsOfLines) {
  const std::string text = text_about(with_knee(103));
  const std::string figures = "100.0    1.00";
  EXPECT_EQ(text.find(figures), text.rfind(figures));
  EXPECT_THAT(text, Not(HasSubstr(" \n")));
}

}  // namespace
}  // namespace hydra_provisioner::forecast
