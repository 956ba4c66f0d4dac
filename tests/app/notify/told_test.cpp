#include "app/notify/told.hpp"

#include <chrono>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/support/usual.hpp"

namespace hydra_provisioner::app {
namespace {

using namespace std::chrono_literals;
using support::noon;
using testing::ElementsAre;
using testing::IsEmpty;

const Findings fine{.health = {Grade::fine, "fine"}};
const Findings degraded{.health = {Grade::degraded, "degraded: x"}};
const Findings broken{.health = {Grade::broken, "broken: y"}};
const Findings budget{.health = {Grade::fine, "fine"}, .standing = {{"budget/day/80", "80 % are spent"}}};
const Findings loss{.health = {Grade::fine, "fine"}, .lost = {{"a-1", "a-1 is lost"}}};

// A farm that has been fine for an hour.
class ToldOnce : public testing::Test {
 protected:
  ToldOnce() { told.due(fine, noon - 1h); }

  void deliver(const Findings& findings, Instant now) {
    ASSERT_TRUE(told.due(findings, now));
    told.delivered();
  }

  Told told;
};

TEST_F(ToldOnce, OfAChangeOfHealthThatLasts) {
  EXPECT_FALSE(told.due(fine, noon));
  EXPECT_FALSE(told.due(degraded, noon));
  EXPECT_FALSE(told.due(degraded, noon + 59s));
  const auto notice = told.due(degraded, noon + 60s);
  ASSERT_TRUE(notice);
  EXPECT_EQ(notice->health.line, "degraded: x");
  EXPECT_EQ(notice->before, Grade::fine);
  told.delivered();
  EXPECT_FALSE(told.due(degraded, noon + 1h));
  EXPECT_FALSE(told.due(fine, noon + 2h));
  EXPECT_EQ(told.due(fine, noon + 2h + 60s)->before, Grade::degraded);
}

TEST_F(ToldOnce, OfNothingThatComesAndGoes) {
  for (int minute = 0; minute < 10; ++minute) {
    EXPECT_FALSE(told.due(degraded, noon + minute * 60s));
    EXPECT_FALSE(told.due(fine, noon + minute * 60s + 30s));
  }
}

TEST_F(ToldOnce, OfWorseHealthToo) {
  told.due(degraded, noon);
  deliver(degraded, noon + 60s);
  told.due(broken, noon + 70s);
  EXPECT_EQ(told.due(broken, noon + 130s)->before, Grade::degraded);
}

TEST_F(ToldOnce, OfWhatBeganAndWhatEnded) {
  const auto began = told.due(budget, noon);
  ASSERT_TRUE(began);
  EXPECT_THAT(began->began, ElementsAre("80 % are spent"));
  EXPECT_EQ(began->before, Grade::fine);
  told.delivered();
  Findings more = budget;
  more.standing.begin()->second = "81 % are spent";
  EXPECT_FALSE(told.due(more, noon + 1h));
  const auto ended = told.due(fine, noon + 2h);
  EXPECT_THAT(ended->ended, ElementsAre("80 % are spent"));
  EXPECT_THAT(ended->began, IsEmpty());
}

TEST_F(ToldOnce, AgainAfterAFailureLaterAndLater) {
  ASSERT_TRUE(told.due(budget, noon));
  told.not_delivered();
  EXPECT_FALSE(told.due(budget, noon + 119s));
  ASSERT_TRUE(told.due(budget, noon + 120s));
  told.not_delivered();
  EXPECT_FALSE(told.due(budget, noon + 120s + 239s));
  ASSERT_TRUE(told.due(budget, noon + 120s + 240s));
  for (int times = 0; times < 20; ++times) told.not_delivered();
  EXPECT_TRUE(told.due(budget, noon + 360s + 1h)) << "at least once an hour";
}

TEST_F(ToldOnce, AtMostOnceAMinute) {
  deliver(budget, noon);
  EXPECT_FALSE(told.due(fine, noon + 59s));
  EXPECT_TRUE(told.due(fine, noon + 60s));
}

TEST_F(ToldOnce, OfALostMachineThatIsGoneMeanwhile) {
  deliver(budget, noon);
  Findings both = budget;
  both.lost = loss.lost;
  EXPECT_FALSE(told.due(both, noon + 10s)) << "too soon";
  const auto notice = told.due(budget, noon + 60s);
  ASSERT_TRUE(notice);
  EXPECT_THAT(notice->lost, ElementsAre("a-1 is lost"));
  told.delivered();
  EXPECT_FALSE(told.due(budget, noon + 1h));
}

TEST_F(ToldOnce, OfALostMachineThatIsThereForALongTime) {
  deliver(loss, noon);
  EXPECT_FALSE(told.due(loss, noon + 1h));
}

TEST_F(ToldOnce, AlsoByALaterProcess) {
  Findings still_lost = loss;
  still_lost.health = degraded.health;
  told.due(degraded, noon);
  deliver(still_lost, noon + 10s);
  Told later = Told::of(told.json());
  EXPECT_EQ(later, Told::of(later.json()));
  EXPECT_FALSE(later.due(still_lost, noon + 69s));
  const auto notice = later.due(still_lost, noon + 70s);
  ASSERT_TRUE(notice);
  EXPECT_THAT(notice->lost, IsEmpty());
  EXPECT_EQ(notice->health.grade, Grade::degraded);
}

}  // namespace
}  // namespace hydra_provisioner::app
