#include "io/text/strings.hpp"

#include <cstdint>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hydra_provisioner::io {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Strings, AreTrimmedAtBothEnds) {
  EXPECT_EQ(trimmed(" \ta b\r\n"), "a b");
  EXPECT_EQ(trimmed(" \n "), "");
  EXPECT_EQ(trimmed(""), "");
  EXPECT_EQ(without_trailing("a\n\n", "\n"), "a");
  EXPECT_EQ(without_trailing("\n", "\n"), "");
}

TEST(Strings, AreSplitIntoLines) {
  EXPECT_THAT(lines("a\n\nb"), ElementsAre("a", "", "b"));
  EXPECT_THAT(lines("a\n"), ElementsAre("a"));
  EXPECT_THAT(lines(""), IsEmpty());
  EXPECT_EQ(first_line("a\nb"), "a");
  EXPECT_EQ(first_line("a"), "a");
}

TEST(Strings, ArePutOnOneLine) {
  EXPECT_EQ(on_one_line("a\nb\n"), "a b ");
  EXPECT_EQ(on_one_line(""), "");
}

TEST(Strings, AreSplitIntoWords) {
  EXPECT_THAT(words("  a bc  d "), ElementsAre("a", "bc", "d"));
  EXPECT_THAT(words("a,b;,c", ",;"), ElementsAre("a", "b", "c"));
  EXPECT_THAT(words(" "), IsEmpty());
}

TEST(Strings, AreNumbersAsAWhole) {
  EXPECT_EQ(parse_number<int>("-12"), -12);
  EXPECT_EQ(parse_number<double>("0.5"), 0.5);
  for (const char* text : {"", " 1", "1 ", "+1", "1x", "x"}) EXPECT_FALSE(parse_number<int>(text)) << text;
  EXPECT_FALSE(parse_number<std::uint8_t>("256"));
}

TEST(Strings, BeginWithANumber) {
  const auto found = leading_number<int>("10 min");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->number, 10);
  EXPECT_EQ(found->rest, " min");
  EXPECT_FALSE(leading_number<int>("min"));
}

TEST(Strings, AreAlphanumericInAsciiOnly) {
  EXPECT_TRUE(is_alphanumeric("aZ09-_", "-_"));
  EXPECT_TRUE(is_alphanumeric("", ""));
  EXPECT_FALSE(is_alphanumeric("a b", "-_"));
  EXPECT_FALSE(is_alphanumeric("\xc3\xa4", ""));
}

}  // namespace
}  // namespace hydra_provisioner::io
