#include "reference/man_page.hpp"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hydra_provisioner::reference {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

// Behind the section NAME.
std::string page(const Blocks& blocks) {
  const std::string text = man_page({"a-b", 7, "tries"}, {"1.2.3", "2026-01-15"}, blocks);
  const std::string name = ".SH NAME\na\\-b \\- tries\n";
  EXPECT_THAT(text, HasSubstr(name));
  return text.substr(text.find(name) + name.size());
}

TEST(RoffText, HasTheFontsOfTheMarkdown) {
  EXPECT_EQ(roff_text("a `b c` **d** *e*"), "a \\fB\\%b \\%c\\fR \\fBd\\fR \\fIe\\fR");
  EXPECT_EQ(roff_text("see [the page](page.md#part), or [`x`](y)"), "see the page, or \\fB\\%x\\fR");
}

TEST(RoffText, KeepsWhatIsNoMark) {
  EXPECT_EQ(roff_text("[ a ] * b * 2*3 [c] `d"), "[ a ] * b * 2*3 [c] \\[ga]d");
  EXPECT_EQ(roff_text("a_b_c"), "a_b_c");
}

TEST(RoffText, EscapesWhatRoffWouldObeyOrReplace) {
  EXPECT_EQ(roff_text("--x 'y' \"z\" C:\\n ~ ^"), "\\-\\-x \\[aq]y\\[aq] \\[dq]z\\[dq] C:\\[rs]n \\[ti] \\[ha]");
  EXPECT_EQ(roff_text("… ¹ 🙂"), "\\[u2026] \\[u00B9] \\[u1F642]");
}

TEST(ManPage, BeginsWithItsTitle) {
  EXPECT_THAT(man_page({"a-b", 7, "tries"}, {"1.2.3", "2026-01-15"}, {}),
              HasSubstr("\n.TH A\\-B 7 2026-01-15 \"hydra\\-provisioner 1.2.3\" hydra\\-provisioner\n"));
}

TEST(ManPage, HasAMacroForEachBlock) {
  EXPECT_EQ(page({{.kind = BlockKind::heading, .lines = {"What `x` is"}},
                  {.kind = BlockKind::paragraph, .lines = {"One."}},
                  {.kind = BlockKind::paragraph, .lines = {"Two.", "Three."}},
                  {.kind = BlockKind::item, .lines = {"Item."}},
                  {.kind = BlockKind::subheading, .lines = {"Part"}}}),
            ".SH WHAT \\fB\\%X\\fR IS\nOne.\n.PP\nTwo.\n.br\nThree.\n.IP \\(bu 2\nItem.\n.SS Part\n");
}

TEST(ManPage, IndentsWhatBelongsToATaggedBlock) {
  EXPECT_EQ(page({{.kind = BlockKind::tagged, .lines = {"One."}, .tag = "`a`"},
                  {.kind = BlockKind::tagged, .lines = {"Two."}, .tag = "`b`", .is_inner = true}}),
            ".TP\n\\fB\\%a\\fR\nOne.\n.RS\n.TP\n\\fB\\%b\\fR\nTwo.\n.RE\n");
}

TEST(ManPage, HasNoLineThatBeginsWithADotOfTheText) {
  EXPECT_THAT(page({{.kind = BlockKind::paragraph, .lines = {".TH is text"}}}), EndsWith("\\&.TH is text\n"));
  EXPECT_THAT(page({{.kind = BlockKind::code, .lines = {".a", "'b", "", "  .c"}}}),
              EndsWith(".RS 4\n.EX\n\\&.a\n\\[aq]b\n\n  .c\n.EE\n.RE\n"));
}

TEST(ManPage, BreaksLongLines) {
  const std::string words = "word word word word word word word word word word word word word word word word word";
  EXPECT_THAT(page({{.kind = BlockKind::paragraph, .lines = {words}}}),
              StartsWith("word word word word word word word word word word word word word word word\nword word\n"));
  EXPECT_THAT(
      page({{.kind = BlockKind::code, .lines = {"  " + words}}}),
      HasSubstr("\n  word word word word word word word word word word word word\n      word word word word word\n"));
}

}  // namespace
}  // namespace hydra_provisioner::reference
