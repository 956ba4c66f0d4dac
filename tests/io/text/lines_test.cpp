#include "io/text/lines.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hydra_provisioner::io {
namespace {

using testing::ElementsAre;

TEST(Lines, AreWithoutTheirLineBreaks) {
  EXPECT_THAT(lines_of("a\n\n b \r\nc"), ElementsAre("a", "", " b \r", "c"));
  EXPECT_THAT(lines_of("a\n"), ElementsAre("a"));
  EXPECT_THAT(lines_of("\n"), ElementsAre(""));
  EXPECT_THAT(lines_of(""), ElementsAre());
}

TEST(Trimmed, IsWithoutBlanksAtBothEnds) {
  EXPECT_EQ(trimmed(" \ta b\r\n"), "a b");
  EXPECT_EQ(trimmed(" \n "), "");
}

}  // namespace
}  // namespace hydra_provisioner::io
