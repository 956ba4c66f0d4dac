#include "io/text/printable.hpp"

#include <string>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <nlohmann/json.hpp>

#include "io/text/json.hpp"

namespace hydra_provisioner::io {
namespace {

TEST(PrintableText, HasNothingThatATerminalObeys) {
  EXPECT_EQ(printable("a\x1b[31;1mb\x1b[0m c\x1b]0;title\x07"), "ab c ]0;title ");
  EXPECT_EQ(printable("C1: \u009b31m, DEL: \x7f, \r back"), "C1:  31m, DEL:  ,   back");
  EXPECT_EQ(printable("user\u202etxt.exe\u2066 \u200f"), "user txt.exe   ");
}

TEST(PrintableText, KeepsWhatPeopleWrite) {
  EXPECT_EQ(printable("Straße → 日本 👍\n\ttab\n"), "Straße → 日本 👍\n\ttab\n");
  EXPECT_EQ(printable_line("one\n<3>two\ttabs\n"), "one <3>two tabs ");
}

TEST(PrintableText, IsUtf8) {
  EXPECT_EQ(printable("a\xc2 \xff\xed\xa0\x80"), "a� ����");
  EXPECT_EQ(printable("\xc0\x9b \xe0\x82\x9b"), "�� ���") << "overlong";
  EXPECT_EQ(printable("a\xc2\x1b[31m\x9b"
                      "b"),
            "a b")
      << "a C1 control behind a colour";
}

RC_GTEST_PROP(PrintableText, IsTheSameWhenItIsCleanedAgain, (const std::string& text)) {
  const std::string once = printable(text);
  RC_ASSERT(printable(once) == once);
  for (const char c : printable_line(text)) RC_ASSERT((c < 0 || c >= ' ') && c != '\x7f');
}

TEST(Json, EscapesWhatATerminalObeys) {
  const Json value{{"a", "\x1b[31m\u009b\u202e\x7f\n→"}};
  EXPECT_EQ(compact(value), R"({"a":"\u001b[31m\u009b\u202e\u007f\n→"})");
  EXPECT_EQ(*parse_json(compact(value)), value);
  EXPECT_EQ(*parse_json(pretty(value)), value);
}

}  // namespace
}  // namespace hydra_provisioner::io
