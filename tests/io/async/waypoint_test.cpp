#include "io/async/waypoint.hpp"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hydra_provisioner::io {
namespace {

TEST(Waypoint, CallsTheHookAndDoesNothingWithoutOne) {
  std::vector<std::string> passed;
  set_waypoint_hook([&](std::string_view where) { passed.emplace_back(where); });
  waypoint("here");
  waypoint("there");
  set_waypoint_hook({});
  waypoint("nowhere");
  EXPECT_THAT(passed, testing::ElementsAre("here", "there"));
}

}  // namespace
}  // namespace hydra_provisioner::io
