#include "io/text/nearest.hpp"

#include <string>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace hydra_provisioner::io {
namespace {

TEST(EditDistance, CountsTheMistakesOfTyping) {
  EXPECT_EQ(edit_distance("maxJobs", "maxJobs"), 0U);
  EXPECT_EQ(edit_distance("maxMachine", "maxMachines"), 1U);  // left out
  EXPECT_EQ(edit_distance("maxJobbs", "maxJobs"), 1U);        // added
  EXPECT_EQ(edit_distance("maxjobs", "maxJobs"), 1U);         // replaced
  EXPECT_EQ(edit_distance("mxaJobs", "maxJobs"), 1U);         // swapped
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
  EXPECT_EQ(edit_distance("", "tag"), 3U);
  EXPECT_EQ(edit_distance("", ""), 0U);
}

RC_GTEST_PROP(EditDistance, IsADistance, (const std::string& a, const std::string& b)) {
  RC_ASSERT(edit_distance(a, a) == 0U);
  RC_ASSERT(edit_distance(a, b) == edit_distance(b, a));
  RC_ASSERT(edit_distance(a, b) <= std::max(a.size(), b.size()));
  RC_ASSERT((edit_distance(a, b) == 0U) == (a == b));
}

TEST(Nearest, IsTheNameThatWasProbablyMeant) {
  EXPECT_EQ(nearest("maxMachine", {"minMachines", "maxMachines", "maxJobs"}), "maxMachines");
  EXPECT_EQ(nearest("gracePeriode", {"billingPeriod", "gracePeriod"}), "gracePeriod");
  EXPECT_EQ(nearest("tga", {"tag"}), "tag");
}

TEST(Nearest, IsTheFirstOfSeveral) { EXPECT_EQ(nearest("mxMachines", {"maxMachines", "minMachines"}), "maxMachines"); }

TEST(Nearest, IsNoneWhenNoNameLooksLikeIt) {
  EXPECT_EQ(nearest("colour", {"tag", "maxMachines"}), std::nullopt);
  EXPECT_EQ(nearest("x", {"tag"}), std::nullopt);
  EXPECT_EQ(nearest("", {"tag"}), std::nullopt);
  EXPECT_EQ(nearest("tag", {}), std::nullopt);
}

TEST(Nearest, IsFoundQuicklyForAVeryLongName) {
  EXPECT_EQ(nearest(std::string(10'000'000, 'x'), {"tag", "maxMachines"}), std::nullopt);
}

}  // namespace
}  // namespace hydra_provisioner::io
