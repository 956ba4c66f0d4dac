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

using Standing = std::map<std::string, std::string>;

const Findings fine{.health = {Grade::fine, "fine"}, .standing = Standing{}};
const Findings degraded{.health = {Grade::degraded, "degraded: x"}, .standing = Standing{}};
const Findings broken{.health = {Grade::broken, "broken: y"}, .standing = Standing{}};
const Findings budget{.health = {Grade::fine, "fine"}, .standing = Standing{{"budget/day/80", "80 % are spent"}}};
const Findings loss{.health = {Grade::fine, "fine"}, .standing = Standing{}, .lost = {"a-1 is lost"}};

// A farm that has been fine for an hour.
class ToldOnce : public testing::Test {
 protected:
  ToldOnce() { due(fine, noon - 1h); }

  std::optional<Notice> due(const Findings& findings, Instant now) {
    told.note(findings, now);
    return told.due(now);
  }
  void deliver(const Findings& findings, Instant now) {
    ASSERT_TRUE(due(findings, now));
    told.delivered();
  }

  Told told;
};

TEST_F(ToldOnce, OfAChangeOfHealthThatLasts) {
  EXPECT_FALSE(due(fine, noon));
  EXPECT_FALSE(due(degraded, noon));
  EXPECT_FALSE(due(degraded, noon + 59s));
  const auto notice = due(degraded, noon + 60s);
  ASSERT_TRUE(notice);
  EXPECT_EQ(notice->health.line, "degraded: x");
  EXPECT_EQ(notice->before, Grade::fine);
  told.delivered();
  EXPECT_FALSE(due(degraded, noon + 1h));
  EXPECT_FALSE(due(fine, noon + 2h));
  EXPECT_EQ(due(fine, noon + 2h + 60s)->before, Grade::degraded);
}

TEST_F(ToldOnce, OfNothingThatComesAndGoes) {
  for (int minute = 0; minute < 10; ++minute) {
    EXPECT_FALSE(due(degraded, noon + minute * 60s));
    EXPECT_FALSE(due(fine, noon + minute * 60s + 30s));
  }
}

TEST_F(ToldOnce, OfWorseHealthToo) {
  due(degraded, noon);
  deliver(degraded, noon + 60s);
  due(broken, noon + 70s);
  EXPECT_EQ(due(broken, noon + 130s)->before, Grade::degraded);
}

TEST_F(ToldOnce, OfWhatBeganAndWhatEnded) {
  const auto began = due(budget, noon);
  ASSERT_TRUE(began);
  EXPECT_THAT(began->began, ElementsAre("80 % are spent"));
  EXPECT_EQ(began->before, Grade::fine);
  told.delivered();
  Findings more = budget;
  more.standing->begin()->second = "81 % are spent";
  EXPECT_FALSE(due(more, noon + 1h));
  const auto ended = due(fine, noon + 2h);
  EXPECT_THAT(ended->ended, ElementsAre("80 % are spent"));
  EXPECT_THAT(ended->began, IsEmpty());
}

TEST_F(ToldOnce, AgainAfterAFailureLaterAndLater) {
  ASSERT_TRUE(due(budget, noon));
  told.not_delivered();
  EXPECT_FALSE(due(budget, noon + 119s));
  ASSERT_TRUE(due(budget, noon + 120s));
  told.not_delivered();
  EXPECT_FALSE(due(budget, noon + 120s + 239s));
  ASSERT_TRUE(due(budget, noon + 120s + 240s));
  for (int times = 0; times < 20; ++times) told.not_delivered();
  EXPECT_TRUE(due(budget, noon + 360s + 1h)) << "at least once an hour";
}

TEST_F(ToldOnce, AtMostOnceAMinute) {
  deliver(budget, noon);
  EXPECT_FALSE(due(fine, noon + 59s));
  EXPECT_TRUE(due(fine, noon + 60s));
}

TEST_F(ToldOnce, OfALostMachineThatIsGoneMeanwhile) {
  deliver(budget, noon);
  Findings both = budget;
  both.lost = loss.lost;
  EXPECT_FALSE(due(both, noon + 10s)) << "too soon";
  const auto notice = due(budget, noon + 60s);
  ASSERT_TRUE(notice);
  EXPECT_THAT(notice->lost, ElementsAre("a-1 is lost"));
  told.delivered();
  EXPECT_FALSE(due(budget, noon + 1h));
}

TEST_F(ToldOnce, NotOfHealthThatHasNotLastedBesideSomethingElse) {
  Findings both = loss;
  both.health = broken.health;
  const auto notice = due(both, noon);
  ASSERT_TRUE(notice);
  EXPECT_EQ(notice->health.grade, Grade::fine);
  EXPECT_EQ(notice->health.line, "fine");
  told.delivered();
  EXPECT_FALSE(due(fine, noon + 1h));
}

TEST_F(ToldOnce, OfAllMachinesThatAreLostMeanwhile) {
  ASSERT_TRUE(due(loss, noon));
  told.note({.health = fine.health, .standing = Standing{}, .lost = {"a-2 is lost"}}, noon + 2s);
  told.delivered();
  EXPECT_THAT(due(fine, noon + 60s)->lost, ElementsAre("a-2 is lost"));
}

TEST_F(ToldOnce, OfNothingThatAPassCouldNotTell) {
  deliver(budget, noon);
  EXPECT_FALSE(due({.health = {Grade::broken, "broken: journal"}}, noon + 30s));
  EXPECT_FALSE(due(budget, noon + 1h));
}

TEST_F(ToldOnce, AlsoByALaterProcess) {
  due(degraded, noon);
  Findings lossy = loss;
  lossy.health = degraded.health;
  deliver(lossy, noon + 10s);
  told = Told::of(told.json());
  EXPECT_FALSE(due(degraded, noon + 69s));
  const auto notice = due(degraded, noon + 70s);
  ASSERT_TRUE(notice);
  EXPECT_THAT(notice->lost, IsEmpty());
  EXPECT_EQ(notice->health.grade, Grade::degraded);
}

TEST_F(ToldOnce, AlsoByAnotherVersion) {
  io::Json json = told.json();
  json["grade"] = "on fire";
  EXPECT_EQ(Told::of(json).json().at("grade"), "fine");
}

}  // namespace
}  // namespace hydra_provisioner::app
