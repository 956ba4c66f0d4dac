#include "app/cli/arguments.hpp"

#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hydra_provisioner::app {
namespace {

using testing::ElementsAre;

// What parsing says about a text for one value.
std::string message_of(const Parse& parse, const std::string& text) {
  const auto parsed = parse(text);
  return parsed ? "" : parsed.error().message;
}

TEST(Values, AreWholeNumbersWithinTheirLimits) {
  std::optional<std::int64_t> value;
  const Parse parse = into(value, 1, 100);
  EXPECT_EQ(message_of(parse, "100"), "");
  EXPECT_EQ(value, 100);
  EXPECT_EQ(message_of(parse, "101"), "101 is not between 1 and 100");
  EXPECT_EQ(message_of(parse, "99999999999999999999"), "99999999999999999999 is not between 1 and 100");
  for (const char* text : {"", "ten", "1.5", "1 ", " 1", "0x10"})
    EXPECT_EQ(message_of(parse, text), "\"" + std::string(text) + "\" is not a whole number");
  EXPECT_EQ(value, 100) << "a wrong text changes nothing";
}

TEST(Values, AreSeedsOf64Bits) {
  std::optional<std::uint64_t> value;
  EXPECT_EQ(message_of(into(value), "18446744073709551615"), "");
  EXPECT_EQ(value, 18446744073709551615u);
  EXPECT_EQ(message_of(into(value), "-1"), "\"-1\" is not a whole number");
}

TEST(Values, AreNumbersWithinTheirLimits) {
  std::optional<double> value;
  const Parse parse = into(value, 0.01, 3660.0);
  EXPECT_EQ(message_of(parse, "0.5"), "");
  EXPECT_EQ(value, 0.5);
  EXPECT_EQ(message_of(parse, "0"), "0 is not between 0.01 and 3660");
  EXPECT_EQ(message_of(parse, "nan"), "nan is not between 0.01 and 3660");
  EXPECT_EQ(message_of(parse, "many"), "\"many\" is not a number");
}

TEST(Values, AreTimesAndSpans) {
  std::optional<Seconds> span;
  EXPECT_EQ(message_of(into(span), "2h"), "");
  EXPECT_EQ(span, Seconds{7200});
  std::optional<Instant> before;
  std::optional<Instant> later;
  EXPECT_EQ(message_of(into(before), "3h"), "");
  EXPECT_EQ(message_of(into(later), "2h"), "");
  EXPECT_GE(*later - *before, Seconds{3600});
  EXPECT_LE(*later - *before, Seconds{3660});
}

struct Everything {
  std::string first;
  std::vector<std::string> rest;
  std::string file;
  std::string text;
  std::vector<std::string> columns;
  bool is_quick = false;
};

class Declared : public testing::Test {
 protected:
  Declared() {
    arguments.word("FIRST", "first word", into(all.first));
    arguments.more_words("[REST]...", into(all.rest));
    arguments.required_option("--file", "FILE", into(all.file), "where", "which file?");
    arguments.option_instead("--file", "--text", "TEXT", into(all.text), "what");
    arguments.repeated_option("--column", "NAME", into(all.columns), "which");
    arguments.flag("-k,--quick", all.is_quick, "how");
    arguments.check([this]() -> Expected<void> {
      if (all.is_quick && all.rest.size() > 1) return failure("quick or long");
      return {};
    });
  }

  std::string message(std::vector<std::string> texts) {
    const auto request = arguments.parse(std::move(texts));
    return request ? "" : request.error().message;
  }

  Everything all;
  Arguments arguments;
};

TEST_F(Declared, ArgumentsFillTheirValues) {
  EXPECT_EQ(message({"a", "--column", "x", "b", "--file=f", "-k", "--column=y"}), "");
  EXPECT_EQ(all.first, "a");
  EXPECT_THAT(all.rest, ElementsAre("b"));
  EXPECT_EQ(all.file, "f");
  EXPECT_THAT(all.columns, ElementsAre("x", "y"));
  EXPECT_TRUE(all.is_quick);
}

TEST_F(Declared, ArgumentsMayBeRequired) { EXPECT_EQ(message({"a"}), "which file?"); }

TEST_F(Declared, ArgumentsMayTakeThePlaceOfARequiredOne) {
  EXPECT_EQ(message({"a", "--text", "t"}), "");
  EXPECT_EQ(all.text, "t");
  EXPECT_EQ(all.file, "");
}

TEST_F(Declared, ArgumentsExcludeTheOneWhosePlaceTheyTake) {
  EXPECT_EQ(message({"a", "--text", "t", "--file", "f"}), "--file and --text exclude each other");
}

TEST_F(Declared, WordsMayBeRequired) { EXPECT_EQ(message({"--file", "f"}), "no first word given"); }

TEST_F(Declared, ArgumentsAreCheckedTogether) {
  EXPECT_EQ(message({"a", "b", "c", "--file", "f", "--quick"}), "quick or long");
}

TEST_F(Declared, WordsMayLookLikeOptionsAfterADoubleDash) {
  EXPECT_EQ(message({"a", "--file", "f", "--", "--quick"}), "");
  EXPECT_THAT(all.rest, ElementsAre("--quick"));
  EXPECT_FALSE(all.is_quick);
}

TEST_F(Declared, UnknownOptionsAreNamed) {
  const auto request = arguments.parse({"a", "--file", "f", "--quik=1"});
  ASSERT_FALSE(request);
  EXPECT_EQ(request.error().unknown_option, "--quik");
}

TEST_F(Declared, ArgumentsAreDescribedAsTheyAreDeclared) {
  EXPECT_EQ(arguments.usage(), "FIRST [REST]... --file FILE");
  std::vector<std::string> shown;
  for (const OptionHelp& option : arguments.help()) shown.push_back(option.shown + ": " + option.meaning);
  EXPECT_THAT(shown,
              ElementsAre("--file FILE: where", "--text TEXT: what", "--column NAME: which", "-k, --quick: how"));
  EXPECT_TRUE(arguments.takes_value("--file") && arguments.takes_value("--column"));
  EXPECT_FALSE(arguments.takes_value("-k") || arguments.takes_value("--quick") || arguments.takes_value("words"));
}

}  // namespace
}  // namespace hydra_provisioner::app
