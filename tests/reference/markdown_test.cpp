#include "reference/markdown.hpp"

#include <string>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

namespace hydra_provisioner::reference {
namespace {

// A line for each block: its kind, its tag and its lines.
std::string read(const std::string& markdown) {
  const auto blocks = read_markdown(markdown);
  if (!blocks) return blocks.error().message;
  constexpr const char* kinds[] = {"heading", "subheading", "paragraph", "item", "tagged", "code"};
  std::string text;
  for (const Block& block : *blocks)
    text += fmt::format("{} {}[{}]\n", kinds[static_cast<int>(block.kind)], block.tag, fmt::join(block.lines, "/"));
  return text;
}

TEST(Markdown, HasHeadingsAndParagraphs) {
  EXPECT_EQ(read("# Title\n\nOne\ntwo.\n\n## Part\nThree.\n### Detail\n"),
            "paragraph [One two.]\nheading [Part]\nparagraph [Three.]\nsubheading [Detail]\n");
}

TEST(Markdown, HasListsWhoseItemsGoOnBelow) {
  EXPECT_EQ(read("Text:\n- one\n  more\n- two\n\nEnd"),
            "paragraph [Text:]\nitem [one more]\nitem [two]\nparagraph [End]\n");
}

TEST(Markdown, HasCodeAsItIs) {
  EXPECT_EQ(read("```nix\n  a = \"`b`\";\n\n# c\n```\n    indented\n      code\nText"),
            "code [  a = \"`b`\";//# c]\ncode [indented/  code]\nparagraph [Text]\n");
}

TEST(Markdown, HasTablesOfTermsAndTheirMeanings) {
  EXPECT_EQ(read("| key | meaning |\n|---|---|\n| `a` | one |\n| `b` | this \\| that |\n"),
            "tagged `a`[one]\ntagged `b`[this | that]\n");
  EXPECT_EQ(read("| option | value | default | meaning |\n|---|---|---|---|\n| `a` | number | `3` | how many |\n"),
            "tagged `a`[how many/Value: number/Default: `3`]\n");
  EXPECT_EQ(read("| action | keys of the answer |\n|---|---|\n| `stop` | |\n"), "tagged `stop`[]\n");
}

TEST(Markdown, OfOtherFormsIsAnError) {
  EXPECT_EQ(read("a\n\n1. one\n"), "line 3: this form is not known: 1. one");
  EXPECT_EQ(read("> quoted"), "line 1: this form is not known: > quoted");
  EXPECT_EQ(read("<b>bold</b>"), "line 1: this form is not known: <b>bold</b>");
  EXPECT_EQ(read("- one\n  - two\n"), "line 2: a list in a list is not known");
  EXPECT_EQ(read("#### deep"), "line 1: a heading of this level is not known");
  EXPECT_EQ(read("a\n\n```\ncode"), "line 3: this code does not end");
  EXPECT_EQ(read("| a | b |\n| c | d |"), "line 2: a table must have a head");
  EXPECT_EQ(read("| a | b |\n|---|---|\n| c |"), "line 3: a row of 1 cells in a table of 2 columns");
  EXPECT_EQ(read("2026"), "paragraph [2026]\n");
}

}  // namespace
}  // namespace hydra_provisioner::reference
