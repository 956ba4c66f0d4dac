#include "io/text/wording.hpp"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hydra_provisioner::io {
namespace {

using testing::EndsWith;

TEST(Enumerated, JoinsTheLastItemByAWord) {
  EXPECT_EQ(enumerated({}, "or"), "");
  EXPECT_EQ(enumerated({"a"}, "or"), "a");
  EXPECT_EQ(enumerated({"a", "b"}, "or"), "a or b");
  EXPECT_EQ(enumerated({"a", "b", "c"}, "and"), "a, b and c");
}

TEST(Quoted, IsShortenedAndOnOneLine) {
  EXPECT_EQ(quoted("a \"b\"\nc", 20), R"("a \"b\"\nc")");
  EXPECT_EQ(quoted("abcdef", 3), "\"abc…\"");
}

TEST(Spans, AreWrittenForPeople) {
  EXPECT_EQ(with_spans("surplus, idle 912 s ≥ grace 600 s"), "surplus, idle 15 min ≥ grace 10 min");
  EXPECT_EQ(with_spans("for another 11100 s: back-off of 30 s"), "for another 3 h 05 min: back-off of 30 s");
  EXPECT_EQ(with_spans("t-500 s, x500 s, 1.500 s, 500 steps, 500"), "t-500 s, x500 s, 1.500 s, 500 steps, 500");
  EXPECT_EQ(with_spans("600 s"), "10 min");
  EXPECT_EQ(with_spans(""), "");
}

TEST(LastMeaningfulLine, IsTheLastThatIsNotBlank) {
  EXPECT_EQ(last_meaningful_line(""), "");
  EXPECT_EQ(last_meaningful_line("\n \t\n"), "");
  EXPECT_EQ(last_meaningful_line("one"), "one");
  EXPECT_EQ(last_meaningful_line("a\u009b31mb\u0085c \u00a9"), "a 31mb c \u00a9");
  EXPECT_EQ(last_meaningful_line("Traceback:\n  File x\nException: ssh timed out\n\n"), "Exception: ssh timed out");
}

TEST(LastMeaningfulLine, IsNotTheSourceThatNixDrawsBelowItsError) {
  EXPECT_EQ(last_meaningful_line("warning: dirty\nerror: undefined variable 'x'\n\n       at /x.nix:1:9:\n\n"
                                 "            1| let a = x; in a\n             |         ^\n"),
            "error: undefined variable 'x'");
  EXPECT_EQ(last_meaningful_line("error:\n       … while calling\n         at /x.nix:1:1:\n\n       error: boo\n"),
            "error: boo");
}

TEST(LastMeaningfulLine, IsPlainAndShort) {
  EXPECT_EQ(last_meaningful_line("\x1b[31;1merror:\x1b[0m two\ttabs\x07\r\n"), "error: two tabs");
  EXPECT_EQ(last_meaningful_line("\x1b["), "");
  EXPECT_EQ(last_meaningful_line("\xc2 \xc2"
                                 "b"),
            "� �b");
  EXPECT_EQ(last_meaningful_line("a\xc2\x1b[31m\x9b"
                                 "b"),
            "a b");
  EXPECT_THAT(last_meaningful_line(std::string(1000, 'x')), EndsWith("xxx…"));
}

}  // namespace
}  // namespace hydra_provisioner::io
