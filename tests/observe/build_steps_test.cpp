#include "observe/build_steps.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hydra_provisioner::observe {
namespace {

using testing::ElementsAre;
using testing::Pair;

std::vector<io::DatabaseRow> rows(std::vector<io::DatabaseRow> each) { return each; }

TEST(StepsUnderWay, AreOfMachinesAsTheMachinesFileNamesThem) {
  const auto steps = steps_under_way_of(rows({{"ssh://root@10.0.0.1?max-connections=4", "1"},
                                              {"root@10.0.0.1", "2"},
                                              {"ssh://root@[2001:db8::1]", "1"},
                                              {"ssh://localhost", "1"}}));
  ASSERT_TRUE(steps);
  EXPECT_THAT(*steps, ElementsAre(Pair("localhost", 1), Pair("root@10.0.0.1", 3), Pair("root@2001:db8::1", 1)));
}

TEST(StepsUnderWay, AreNoneOfAMachineWithoutARow) {
  QueueStatus status{.time = {}, .arrived = {}, .started = {}, .step_types = {}, .machines = {}};
  status.machines = {{"root@a", {.enabled = true, .current_jobs = 0, .idle_since = {}}}};
  note_steps_under_way(status, {{"root@b", 2}});
  EXPECT_EQ(status.machines->at("root@a").steps_under_way, 0);
  EXPECT_EQ(status.machines->at("root@b").steps_under_way, 2);
  EXPECT_EQ(status.machines->at("root@b").current_jobs, std::nullopt) << "the queue runner does not say it";
  EXPECT_EQ(status.machines->at("root@b").enabled, std::nullopt);
}

TEST(StepsUnderWay, SayNothingWhereTheStatusListsNoMachines) {
  QueueStatus status{.time = {}, .arrived = {}, .started = {}, .step_types = {}, .machines = {}};
  note_steps_under_way(status, {{"root@b", 2}});
  EXPECT_FALSE(status.machines);
}

TEST(StepsUnderWay, AreUnknownIfTheDatabaseDoesNotSayThem) {
  EXPECT_EQ(steps_under_way_of(failure("no rights")).error().message, "no rights");
  EXPECT_EQ(steps_under_way_of(rows({{"root@a", "many"}})).error().message, R"(queue.database: "many" is no number)");
  EXPECT_EQ(steps_under_way_of(rows({{"root@a", "-1"}})).error().message, R"(queue.database: "-1" is no number)");
  EXPECT_FALSE(steps_under_way_of(rows({{}})));
}

TEST(ExpectedTimes, AreMillisecondsBySystem) {
  EXPECT_THAT(*expected_times_of(rows({{"x86_64-linux", "93500"}, {"i686-linux", "0"}})),
              ElementsAre(Pair("i686-linux", Millis{0}), Pair("x86_64-linux", Millis{93'500})));
  EXPECT_FALSE(expected_times_of(rows({{"x86_64-linux", ""}})));
  EXPECT_FALSE(expected_times_of(failure("timeout")));
}

}  // namespace
}  // namespace hydra_provisioner::observe
