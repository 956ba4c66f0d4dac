#include "html/plot.hpp"

#include <cmath>
#include <limits>
#include <regex>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "html/document.hpp"

namespace hydra_provisioner::html {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr Instant monday = std::chrono::sys_days{std::chrono::year{2026} / 1 / 5};

Plot plot_of(std::vector<double> values) {
  return {.title = "Machines",
          .unit = "machines",
          .begin = monday,
          .span = Millis{3'600'000},
          .is_utc = true,
          .areas = {{"busy", Hue::green, std::move(values)}}};
}

std::string text_of(const Plot& plot) { return figure(plot).text(); }

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

// The numbers that attributes of this name have.
std::vector<double> numbers_in(const std::string& text, const std::string& attribute) {
  std::vector<double> numbers;
  const std::regex pattern(" " + attribute + "=\"([-0-9.]+)\"");
  for (auto found = std::sregex_iterator(text.begin(), text.end(), pattern); found != std::sregex_iterator(); ++found)
    numbers.push_back(std::stod((*found)[1]));
  return numbers;
}

TEST(Figure, SaysWhatItShowsToThoseWhoCannotSeeIt) {
  const std::string text = text_of(plot_of({1, 3, 2}));
  EXPECT_THAT(text, HasSubstr(R"(role="img" aria-label="Machines")"));
  EXPECT_THAT(text,
              HasSubstr("<desc>machines, 2026-01-05 00:00 to 03:00 UTC. busy: at most 3, at 2026-01-05 01:00; 2 at "
                        "the end.</desc>"));
}

TEST(Figure, HasATooltipForEachSpan) {
  Plot plot = plot_of({1, 3});
  plot.lines = {{"most at once", Hue::ink, {2, 5}}};
  const std::string text = text_of(plot);
  EXPECT_EQ(count(text, "class=\"slice\""), 2U);
  EXPECT_THAT(text, HasSubstr("<title>2026-01-05 01:00 to 02:00\nbusy: 3\nmost at once: 5</title>"));
}

TEST(Figure, SaysTheZoneAndTheUnitOnce) {
  const std::string text = text_of(plot_of({1, 3, 2}));
  EXPECT_EQ(count(text, ">UTC<"), 1U);
  EXPECT_EQ(count(text, ">machines<"), 1U);
}

TEST(Figure, NeedsNeitherScriptsNorInlineStyles) {
  Plot plot = plot_of({1, 3, 2});
  plot.lines = {{"most at once", Hue::ink, {2, 5, 3}}};
  const std::string text = text_of(plot);
  for (const char* unwanted : {"style=", "<style", "<script", " on", "fill=", "stroke="})
    EXPECT_EQ(count(std::regex_replace(text, std::regex(">[^<]*<"), "><"), unwanted), 0U) << unwanted;
}

TEST(Figure, HasOnlyClassesOfTheStyle) {
  Plot plot = plot_of({1, 3, 2});
  plot.lines = {{"a", Hue::ink, {2}}, {"b", Hue::sky, {2}}, {"c", Hue::red, {2}}};
  const std::string text = text_of(plot);
  const std::regex classes("class=\"([^\"]*)\"");
  for (auto found = std::sregex_iterator(text.begin(), text.end(), classes); found != std::sregex_iterator(); ++found) {
    std::istringstream names((*found)[1]);
    for (std::string name; names >> name;) EXPECT_THAT(std::string(style_sheet), HasSubstr("." + name + " {")) << name;
  }
}

TEST(Figure, EscapesWhatOthersHaveNamed) {
  Plot plot = plot_of({1});
  plot.title = plot.unit = plot.areas[0].name = "<b>&\"";
  EXPECT_THAT(text_of(plot), Not(HasSubstr("<b>")));
  EXPECT_THAT(text_of(plot), HasSubstr("&lt;b&gt;&amp;&quot;"));
  EXPECT_THAT(figure(Histogram{.title = "<b>", .unit = "<b>", .counted = "<b>", .of = {{"<b>", Hue::red, {1}}}}).text(),
              Not(HasSubstr("<b>")));
}

TEST(Figure, WithoutValuesSaysSo) {
  EXPECT_THAT(text_of(plot_of({})), HasSubstr("nothing recorded"));
  EXPECT_THAT(figure(Histogram{.title = "Waits", .of = {{"a", Hue::red, {0, 0}}}}).text(),
              HasSubstr("nothing recorded"));
}

TEST(Figure, ShowsEveryValueWithinItsPicture) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const std::vector<std::vector<double>> all{
      {7}, {0, 0, 0}, {1e300, 1}, {1e-300}, {std::nan(""), 2, infinity}, {-5, 1}, {std::nan("")}, {1e15, 1e-15}};
  for (const std::vector<double>& values : all) {
    Plot plot = plot_of(values);
    plot.lines = {{"most", Hue::ink, values}};
    for (const char* unit : {"machines", "s"}) {
      plot.unit = unit;
      const std::string text = text_of(plot);
      for (const char* wrong : {"nan", "inf"}) EXPECT_THAT(text, Not(HasSubstr(wrong)));
      for (const double y : numbers_in(text, "y")) EXPECT_TRUE(y >= 0 && y <= 266) << y;
      for (const double x : numbers_in(text, "x")) EXPECT_TRUE(x >= 0 && x <= 560) << x;
    }
  }
}

TEST(Figure, HasAGapWhereNothingWasRecorded) {
  Plot plot = plot_of({});
  plot.areas.clear();
  plot.lines = {{"load", Hue::blue, {1, std::nan(""), 1}}};
  const std::string text = text_of(plot);
  EXPECT_THAT(text, testing::ContainsRegex("d=\"M74.0 38.0H226.7M379.3 38.0H532.0\""));
  EXPECT_THAT(text, Not(HasSubstr("2026-01-05 01:00 to 02:00")));
}

TEST(Figure, OfManySpansShowsAveragesOfAveragesAndTheHighestOfPeaks) {
  std::vector<double> values(10'000, 1);
  values[5000] = 100;
  Plot plot = plot_of(values);
  plot.lines = {{"most", Hue::ink, values}, {"mean", Hue::red, values, true}};
  const std::string text = text_of(plot);
  EXPECT_LE(count(text, "class=\"slice\""), spans_max);
  EXPECT_LT(text.size(), 90'000U);
  EXPECT_THAT(text, HasSubstr("busy: at most 2.48, "));
  EXPECT_THAT(text, HasSubstr("most: at most 100, "));
  EXPECT_THAT(text, HasSubstr("mean: at most 2.48, "));
}

TEST(Figure, DrawsLinesThatAreToldApartWithoutColours) {
  Plot plot = plot_of({1});
  plot.lines = {{"a", Hue::ink, {2}}, {"b", Hue::ink, {1}}};
  EXPECT_THAT(text_of(plot), HasSubstr("class=\"curve hue-0\""));
  EXPECT_THAT(text_of(plot), HasSubstr("class=\"curve dashed hue-0\""));
}

TEST(Histogram, NamesItsClassesAndSaysHowManyThereAreOfEach) {
  const std::string text = figure(Histogram{.title = "Waits",
                                            .unit = "s",
                                            .counted = "steps",
                                            .of = {{"now", Hue::blue, {1, 0, 3}}, {"old", Hue::orange, {4}}},
                                            .bounds = {0, 300}})
                               .text();
  EXPECT_THAT(text, HasSubstr("<title>0\nnow: 1 (25.0 %)\nold: 4 (100.0 %)</title>"));
  EXPECT_THAT(text, HasSubstr("<title>≤5 min\nnow: 0 (0.0 %)\nold: 0 (0.0 %)</title>"));
  EXPECT_THAT(text, HasSubstr("<title>&gt;5 min\nnow: 3 (75.0 %)\nold: 0 (0.0 %)</title>"));
  EXPECT_THAT(text, HasSubstr("Number of steps in each class. 0, now: 1 (25.0 %)"));
}

}  // namespace
}  // namespace hydra_provisioner::html
