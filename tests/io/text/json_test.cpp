#include "io/text/json.hpp"

#include <limits>
#include <map>
#include <numeric>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <nlohmann/json.hpp>

namespace hydra_provisioner::io {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr auto least = std::numeric_limits<std::int64_t>::min();
constexpr auto most = std::numeric_limits<std::int64_t>::max();

std::string error_of(std::string_view text) {
  const Expected<Json> parsed = parse_json(text);
  return parsed ? "none" : parsed.error().message;
}

std::string nested(std::size_t levels) { return std::string(levels, '[') + std::string(levels, ']'); }

// Texts of characters that JSON escapes, and of characters of every length in UTF-8.
rc::Gen<std::string> strings() {
  const auto characters =
      rc::gen::element<std::string>("a", " ", "\"", "\\", "/", "\n", std::string(1, '\0'), "\x7f", "ü", "€", "😀");
  return rc::gen::map(
      rc::gen::container<std::vector<std::string>>(characters),
      [](const std::vector<std::string>& parts) { return std::accumulate(parts.begin(), parts.end(), std::string()); });
}

rc::Gen<Json> scalars() {
  return rc::gen::oneOf(rc::gen::construct<Json>(rc::gen::arbitrary<std::int64_t>()),
                        rc::gen::construct<Json>(rc::gen::arbitrary<bool>()), rc::gen::construct<Json>(strings()),
                        rc::gen::just(Json(nullptr)));
}

rc::Gen<Json> documents() {
  const auto lists = rc::gen::construct<Json>(rc::gen::container<std::vector<Json>>(scalars()));
  const auto values = rc::gen::oneOf(scalars(), lists);
  return rc::gen::construct<Json>(rc::gen::container<std::map<std::string, Json>>(strings(), values));
}

TEST(Json, ReadsEveryKindOfValue) {
  const auto parsed = parse_json(R"({"a": [1, -2, 2.5, true, null, "ü\n"], "b": {"c": {}}, "d": []})");
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(parsed->dump(), "{\"a\":[1,-2,2.5,true,null,\"ü\\n\"],\"b\":{\"c\":{}},\"d\":[]}");
}

TEST(Json, ReadsAValueThatIsNotInAListOrObject) {
  EXPECT_EQ(parse_json(" 7 "), Json(7));
  EXPECT_EQ(parse_json("\"down\""), Json("down"));
}

RC_GTEST_PROP(Json, ReadsBackWhatWasWritten, ()) {
  const Json document = *documents();
  RC_ASSERT(parse_json(document.dump()).value() == document);
  RC_ASSERT(parse_json(pretty(document)).value() == document);
}

RC_GTEST_PROP(Json, FailsOnArbitraryBytesWithAnErrorOfOneLine, (const std::string& bytes)) {
  if (const auto parsed = parse_json(bytes); !parsed) {
    RC_ASSERT(!parsed.error().message.empty());
    RC_ASSERT(parsed.error().message.find('\n') == std::string::npos);
  }
}

// What is wrong there is said in words of the library.
TEST(Json, SaysWhereASyntaxErrorIs) {
  const auto is_at = [](std::string_view place) {
    return AllOf(StartsWith(fmt::format("{}: ", place)), Not(HasSubstr("json.exception")));
  };
  EXPECT_THAT(error_of(""), is_at("line 1, column 1"));
  EXPECT_THAT(error_of("down\n"), is_at("line 1, column 1"));
  EXPECT_THAT(error_of("{\n  \"a\": 1,\n  }"), AllOf(is_at("line 3, column 3"), HasSubstr("'}'")));
  EXPECT_THAT(error_of("[1, 2"), is_at("line 1, column 6"));
  EXPECT_THAT(error_of("{} {}"), AllOf(is_at("line 1, column 4"), HasSubstr("'{'")));
  EXPECT_THAT(error_of("[NaN]"), is_at("line 1, column 2"));
  EXPECT_THAT(error_of("[1e999]"), AllOf(is_at("line 1, column 6"), HasSubstr("1e999")));
  EXPECT_THAT(error_of("\"\xff\""), AllOf(is_at("line 1, column 2"), HasSubstr("UTF-8")));
}

TEST(Json, RefusesANulByte) {
  EXPECT_EQ(error_of(std::string_view("{}\0{}", 5)), "line 1, column 3: unexpected NUL byte");
}

TEST(Json, RefusesEqualKeysInOneObject) {
  EXPECT_EQ(error_of(R"({"a": {"x": 1}, "b": {"x": 1, "x": 2}})"), "duplicate key \"x\"");
  EXPECT_EQ(error_of(R"({"a": [{"x": 1}, {"x": 1}]})"), "none");
}

TEST(Json, RefusesMoreThanAHundredLevels) {
  EXPECT_EQ(error_of(nested(100)), "none");
  EXPECT_EQ(error_of(nested(101)), "more than 100 levels");
  EXPECT_EQ(error_of(std::string(1'000'000, '[')), "more than 100 levels");
}

bool is_wanted(std::size_t level, std::string_view key) { return level == 2 ? key == "a" : key != "skipped"; }

TEST(Json, KeepsOnlyWantedMembers) {
  const auto parsed = parse_json(R"({"skipped": {"a": [{"x": {}}, 1]}, "b": {"a": [1, {"y": 2}], "c": 3, "d": []},)"
                                 R"( "e": [{"a": 4}], "skipped": "twice"})",
                                 is_wanted);
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(parsed->dump(), R"({"b":{"a":[1,{"y":2}]},"e":[{"a":4}]})");
}

TEST(Json, IsCheckedAlsoWhereItIsNotWanted) {
  const auto none = [](std::size_t, std::string_view) { return false; };
  EXPECT_THAT(parse_json(R"({"a": [}]})", none).error().message, StartsWith("line 1, column 8: "));
  EXPECT_EQ(parse_json(R"({"a": )" + nested(100) + "}", none).error().message, "more than 100 levels");
  EXPECT_EQ(parse_json(R"({"a": )" + nested(99) + R"(, "b": 1})", none), Json::object());
}

TEST(WholeNumber, MustBeInItsRange) {
  EXPECT_EQ(as_whole_number(Json(0), 0, 10), 0);
  EXPECT_EQ(as_whole_number(Json(10), 0, 10), 10);
  EXPECT_EQ(as_whole_number(Json(11), 0, 10).error().message, "11 is out of range; it must be 0 to 10");
  EXPECT_EQ(as_whole_number(Json(-1), 0, most).error().message, "-1 is out of range; it must be 0 or more");
}

TEST(WholeNumber, IsNeverNarrowed) {
  EXPECT_EQ(as_whole_number(*parse_json("9223372036854775807"), least, most), most);
  EXPECT_EQ(as_whole_number(*parse_json("9223372036854775808"), least, most).error().message,
            "9223372036854775808 is out of range; it must be -9223372036854775808 or more");
  EXPECT_EQ(as_whole_number(*parse_json("123456789012345678901234567890"), least, most).error().message,
            "1.2345678901234568e+29 is not a whole number");
}

TEST(WholeNumber, RejectsEverythingElse) {
  EXPECT_EQ(as_whole_number(Json(3.0), 0, 10).error().message, "3.0 is not a whole number");
  EXPECT_EQ(as_whole_number(Json("10 min"), 0, 10).error().message, "\"10 min\" is not a whole number");
  EXPECT_EQ(as_whole_number(Json(true), 0, 10).error().message, "true is not a whole number");
  EXPECT_EQ(as_whole_number(Json(nullptr), 0, 10).error().message, "null is not a whole number");
}

TEST(WholeNumber, OfOurOwnFilesIsOneOrAnException) {
  constexpr std::int64_t farthest = std::int64_t{1} << 53;
  for (const std::int64_t number : {-farthest, std::int64_t{-1}, std::int64_t{0}, farthest})
    EXPECT_EQ(whole_number_of(Json(number)), number);
  for (const char* text : {"1e300", "-1e300", "3.5", "3.0", "9007199254740993", "18446744073709551615", "true", "null"})
    EXPECT_THROW(whole_number_of(Json::parse(text)), Json::exception) << text;
}

TEST(Json, IsReadAsTextOrBooleanOnlyIfItIsOne) {
  EXPECT_EQ(as_text(Json("a")), "a");
  EXPECT_EQ(as_text(Json(5)).error().message, "5 is not a string");
  EXPECT_EQ(as_boolean(Json(false)), false);
  EXPECT_EQ(as_boolean(Json("yes")).error().message, "\"yes\" is not true or false");
  EXPECT_THAT(*as_texts(Json::parse(R"(["a", "b"])")), testing::ElementsAre("a", "b"));
  EXPECT_EQ(as_texts(Json("a")).error().message, "\"a\" is not a list of strings");
  EXPECT_EQ(as_texts(Json::parse(R"(["a", ["b"]])")).error().message, "element 2: a list is not a string");
}

TEST(Json, IsDescribedInAFewCharacters) {
  EXPECT_EQ(describe(Json::array({1, 2})), "a list");
  EXPECT_EQ(describe(Json::object()), "an empty object");
  EXPECT_EQ(describe(Json(2.5)), "2.5");
  EXPECT_EQ(describe(Json("two\nlines")), "\"two\\nlines\"");
  EXPECT_EQ(describe(Json(std::string(59, 'a') + "üüü")), "\"" + std::string(59, 'a') + "…\"");
  EXPECT_EQ(describe(Json("not UTF-8: \xff")), "\"not UTF-8: \xEF\xBF\xBD\"");
}

TEST(Json, IsWrittenWithSortedKeysAndANewline) {
  EXPECT_EQ(pretty(Json::parse(R"({"b": [1], "a": {}})")), "{\n  \"a\": {},\n  \"b\": [\n    1\n  ]\n}\n");
}

}  // namespace
}  // namespace hydra_provisioner::io
