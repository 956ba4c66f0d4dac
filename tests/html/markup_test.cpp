#include "html/markup.hpp"

#include <gtest/gtest.h>

#include "html/document.hpp"

namespace hydra_provisioner::html {
namespace {

TEST(Text, IsEscapedWhereverItStands) {
  EXPECT_EQ(text(R"(<a href="x" b='y'>&amp;</a>)").text(),
            "&lt;a href=&quot;x&quot; b=&#39;y&#39;&gt;&amp;amp;&lt;/a&gt;");
  EXPECT_EQ(element("td", {{"title", R"("><script>)"}}, text("<b>")).text(),
            "<td title=\"&quot;&gt;&lt;script&gt;\">&lt;b&gt;</td>");
}

TEST(Text, IsPrintable) { EXPECT_EQ(text("a\x1b[31mb\xff").text(), "ab\xef\xbf\xbd"); }

TEST(Element, OfAKindWithoutContentHasNoEndTag) {
  EXPECT_EQ(element("input", {{"name", "q"}}).text(), "<input name=\"q\">");
  EXPECT_EQ(element("td", "").text(), "<td></td>");
}

TEST(Link, EscapesItsUrl) { EXPECT_EQ(link("/?a=1&b=\"", "<").text(), "<a href=\"/?a=1&amp;b=&quot;\">&lt;</a>"); }

TEST(Page, BringsItsStyleUnlessItsHeadNamesOne) {
  EXPECT_TRUE(page_text({.title = "<", .content = text("x")}).contains("<style>" + std::string(style_sheet)));
  const std::string page = page_text({.title = "<", .head = literal("<link>"), .content = text("x")});
  EXPECT_FALSE(page.contains("<style>"));
  EXPECT_TRUE(page.contains("<title>&lt;</title><link>"));
}

}  // namespace
}  // namespace hydra_provisioner::html
