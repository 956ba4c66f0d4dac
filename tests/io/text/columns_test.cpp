#include "io/text/columns.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hydra_provisioner::io {
namespace {

using testing::ElementsAre;

TEST(Columns, AreCountedInCharacters) {
  EXPECT_EQ(columns_of(""), 0u);
  EXPECT_EQ(columns_of("idle → 3"), 8u);
  EXPECT_EQ(padded("→", 3), "→  ");
  EXPECT_EQ(padded_left("→", 3), "  →");
  EXPECT_EQ(padded("longer", 3), "longer");
}

TEST(Lines, AreBrokenAtBlanks) {
  EXPECT_THAT(broken_into_lines("", 10), ElementsAre(""));
  EXPECT_THAT(broken_into_lines("fits", 10), ElementsAre("fits"));
  EXPECT_THAT(broken_into_lines("four five six", 9), ElementsAre("four five", "six"));
  EXPECT_THAT(broken_into_lines("two → five six", 5), ElementsAre("two →", "five", "six"));
}

TEST(Lines, AreBrokenInAWordThatIsTooLong) {
  EXPECT_THAT(broken_into_lines("a abcdefgh i", 3), ElementsAre("a", "abc", "def", "gh", "i"));
  EXPECT_THAT(broken_into_lines("→→→→", 3), ElementsAre("→→→", "→"));
}

TEST(Lines, BeginBehindWhatIsUsed) {
  EXPECT_THAT(broken_into_lines("four five", 9, 3), ElementsAre("four", "five"));
  EXPECT_THAT(broken_into_lines("four five", 9, 9), ElementsAre("", "four five"));
}

}  // namespace
}  // namespace hydra_provisioner::io
