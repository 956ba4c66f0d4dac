#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "forecast/figures.hpp"
#include "forecast/forecast.hpp"
#include "forecast/meter.hpp"
#include "forecast/page.hpp"
#include "forecast/provenance.hpp"
#include "forecast/report.hpp"
#include "forecast/tuning.hpp"
#include "io/text/columns.hpp"
#include "io/text/strings.hpp"
#include "model/system_type.hpp"

namespace hydra_provisioner::forecast {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TEST(Waits, AreSummedUpByPercentilesThatStepsReallyHad) {
  std::vector<float> waits;
  for (int n = 100; n >= 1; --n) waits.push_back(static_cast<float>(n));
  const Waits summary = summary_of(waits);
  EXPECT_EQ(summary.mean, 50.5);
  EXPECT_EQ(summary.p50, 50);
  EXPECT_EQ(summary.p95, 95);
  EXPECT_EQ(summary.p99, 99);
  EXPECT_EQ(summary.max, 100);
  EXPECT_EQ(summary_of({7}).p50, 7);
  EXPECT_EQ(summary_of({}).max, 0);
}

TEST(CurveSum, IsTheAverageOfEverySpan) {
  CurveSum sum(Millis{10});
  sum.add(Millis{5}, Millis{35});
  sum.add(Millis{12}, Millis{17});
  sum.add(Millis{20}, Millis{20});
  EXPECT_THAT(sum.curve(), ElementsAre(0.5, 1.5, 1, 0.5));
}

TEST(CurveSum, EndsWithItsLastSpan) {
  CurveSum sum(Millis{10});
  sum.add(Millis{0}, Millis{10});
  sum.add(Millis{10}, Millis{20});
  EXPECT_THAT(sum.curve(), ElementsAre(1, 1));
  EXPECT_THAT(CurveSum(Millis{10}).curve(), ElementsAre());
}

TEST(WatchedCurve, HasTheAverageAndTheHighestOfEverySpan) {
  WatchedCurve curve(Millis{10});
  curve.change(Millis{5}, 2);
  curve.change(Millis{15}, 3);
  curve.change(Millis{15}, -4);  // the five were there for no time
  curve.change(Millis{30}, -1);
  curve.change(Millis{99}, 0);
  EXPECT_THAT(curve.averages(), ElementsAre(1, 1.5, 1));
  EXPECT_THAT(curve.highest(), ElementsAre(2, 2, 1));
}

TEST(Waits, AreSortedIntoClasses) {
  EXPECT_THAT(summary_of({0, 0, 0.5F, 10, 10.5F, 14400, 14401}).classes, ElementsAre(2, 2, 1, 0, 0, 0, 1, 1));
}

TEST(SumOfPools, HasTheMeanWaitOfAllSteps) {
  PoolForecast a{.steps = 1, .hours = {Millis{1}}, .cost = Micros{5}, .wait = {.mean = 10, .max = 20}};
  PoolForecast b{.steps = 3, .hours = {Millis{1}}, .cost = Micros{7}, .wait = {.mean = 2, .max = 30}};
  EXPECT_EQ(sum_of({&a, &b}).wait.mean, 4);
  EXPECT_EQ(sum_of({&a, &b}).wait.max, 30);
  EXPECT_EQ(sum_of({&a, &b}).cost, Micros{12});
  b.cost.reset();
  EXPECT_EQ(sum_of({&a, &b}).cost, std::nullopt);
  b.hours = {};
  EXPECT_EQ(sum_of({&a, &b}).cost, Micros{5}) << "no machine costs nothing at every price";
}

TEST(Report, SaysSpansInTwoUnitsAtMost) {
  EXPECT_EQ(span_text(0), "0.0 s");
  EXPECT_EQ(span_text(36.04), "36.0 s");
  EXPECT_EQ(span_text(185), "3 min 5 s");
  EXPECT_EQ(span_text(7300), "2 h 1 min");
}

PoolForecast pool_with(double hours, double mean_wait) {
  return {.steps = 7,
          .hours = {Millis{0}, Millis{static_cast<std::int64_t>(hours * 3'600'000)}},
          .cost = Micros{static_cast<std::int64_t>(hours * 1e6)},
          .boots = 2,
          .wait = {.mean = mean_wait}};
}

const FigurePair* find(const std::vector<FigurePair>& pairs, std::string_view name) {
  const auto found = std::ranges::find(pairs, name, [](const FigurePair& pair) { return pair.any().full_name(); });
  return found == pairs.end() ? nullptr : &*found;
}

TEST(Figures, SayByHowMuchTheyHaveChanged) {
  const auto pairs = pairs_of(figures_of(pool_with(10, 0), "EUR"), figures_of(pool_with(5.6, 60), "EUR"));
  EXPECT_EQ(find(pairs, "machine-hours")->change(), "−44.0 %");
  EXPECT_EQ(find(pairs, "cost")->now->text, "5.60 EUR");
  EXPECT_EQ(find(pairs, "steps")->change(), "") << "nothing has";
  EXPECT_EQ(find(pairs, "wait, mean")->change(), "") << "no share says it";
  const auto more = pairs_of(figures_of(pool_with(1, 4), ""), figures_of(pool_with(1.5, 48), ""));
  EXPECT_EQ(find(more, "machine-hours")->change(), "+50.0 %");
  EXPECT_EQ(find(more, "wait, mean")->change(), "×12");
  EXPECT_EQ(find(more, "cost")->now->text, "1.50");
}

TEST(Figures, OfTwoCurrenciesAreNotCompared) {
  const auto pairs = pairs_of(figures_of(pool_with(10, 0), "EUR"), figures_of(pool_with(5, 0), "USD"));
  EXPECT_EQ(find(pairs, "cost")->change(), "");
}

TEST(Figures, OfRareEventsAreShownOnlyIfTheyHappened) {
  PoolForecast pool = pool_with(1, 1);
  EXPECT_EQ(find(pairs_of({}, figures_of(pool, "")), "never built"), nullptr);
  pool.unfinished = 1;
  EXPECT_EQ(find(pairs_of({}, figures_of(pool, "")), "never built")->now->text, "1");
}

Forecast forecast_with(std::initializer_list<const char*> pools, double hours) {
  Forecast forecast;
  forecast.span_of_curves = Millis{60'000};
  forecast.currency = "EUR";
  for (const char* name : pools) {
    PoolForecast& pool = forecast.pools[PoolName{name}] = pool_with(hours, hours);
    pool.waiting = pool.most_waiting = pool.machines[0] = {1, 0};
  }
  return forecast;
}

TEST(Comparison, SaysWhatIsOnlyInOneOfBoth) {
  const Forecast before = forecast_with({"a", "b"}, 100);
  const Forecast now = forecast_with({"b", "c"}, 50);
  const std::string text = comparison_text(before, now);
  EXPECT_THAT(text, HasSubstr("only in the old configuration:\na "));
  EXPECT_THAT(text, HasSubstr("only in the new configuration:\nc "));
  EXPECT_THAT(text, HasSubstr("100.00 EUR          50.00 EUR     −50.0 %\n"));
  EXPECT_THAT(text, HasSubstr("all types\n"));
  for (const std::string_view line : io::lines(text)) EXPECT_LE(io::columns_of(line), 80U) << line;
}

TEST(Report, HasTheCurrencyAndTheTotal) {
  const Forecast forecast = forecast_with({"a", "b"}, 2);
  EXPECT_THAT(forecast_text(forecast), HasSubstr("  cost           2.00 EUR\n"));
  EXPECT_THAT(forecast_text(forecast), HasSubstr("all types                    14 steps\n  machine-hours  4.0\n"
                                                 "  cost           4.00 EUR\n"));
  EXPECT_EQ(forecast_document(forecast)["currency"], "EUR");
  EXPECT_TRUE(forecast_document(Forecast{})["currency"].is_null());
}

TEST(Page, ShowsTwoConfigurationsBesideEachOther) {
  const Forecast before = forecast_with({"a", "b"}, 100);
  const Forecast now = forecast_with({"b", "c"}, 50);
  const std::string page = forecast_page({.now = now, .before = &before});
  EXPECT_THAT(page, HasSubstr("<p>This type is only in the old configuration.</p>"));
  EXPECT_THAT(page, HasSubstr("<p>This type is only in the new configuration.</p>"));
  EXPECT_THAT(page, HasSubstr("100.00 EUR → 50.00 EUR<small>−50.0 %</small>"));
  EXPECT_THAT(page, HasSubstr("old: on average"));
}

TEST(Page, HasPlotsOfTheSameTimes) {
  Forecast forecast = forecast_with({"a", "b"}, 1);
  forecast.pools.at(PoolName{"b"}).machines[0].resize(30);
  const std::string page = forecast_page({.now = forecast});
  EXPECT_THAT(page, Not(HasSubstr("1970-01-01 00:00 to 00:02 UTC")));
  EXPECT_THAT(page, HasSubstr("1970-01-01 00:00 to 00:30 UTC"));
}

TEST(Page, SaysWhereItComesFrom) {
  const Forecast forecast = forecast_with({"a"}, 1);
  const std::string page = forecast_page({.now = forecast, .inputs = "<conf>", .facts = {{"seed", "<7>"}}});
  EXPECT_THAT(page, HasSubstr("&lt;conf&gt;"));
  EXPECT_THAT(page, HasSubstr("<th scope=\"row\">seed</th><td>&lt;7&gt;</td>"));
}

TEST(Provenance, TellsBootTimesThatWereGivenMeasuredOrNeither) {
  Config config;
  for (const char* name : {"a", "b"}) config.pools[PoolName{name}].name = PoolName{name};
  const SimulationTerms terms{.boots = {{PoolName{"a"}, {Seconds{50}, Seconds{70}}}}};
  EXPECT_EQ(facts_of_config("configuration", "conf.nix", config, terms, false)[1].text,
            "a: 60 s on average, 2 boots measured; b: 3 min, the default");
  EXPECT_EQ(facts_of_config("configuration", "conf.nix", config, terms, true)[1].text,
            "a: 60 s, given; b: 3 min, the default");
}

TEST(Page, NeedsNoOtherFileAndEscapesNames) {
  Forecast forecast;
  PoolForecast& pool = forecast.pools[PoolName{"a<b&c"}];
  pool.steps = 3;
  pool.waiting = {1, 2, 0};
  pool.machines = {Curve{1, 0}, Curve{0, 2}, Curve{}, Curve{}};
  forecast.span_of_curves = Millis{60'000};
  const std::string page = forecast_page({.now = forecast});
  EXPECT_THAT(page, HasSubstr("<h2>a&lt;b&amp;c</h2>"));
  EXPECT_THAT(page, Not(HasSubstr("a<b")));
  EXPECT_THAT(page, Not(HasSubstr("src=")));
  EXPECT_THAT(page, Not(HasSubstr("nan")));
  EXPECT_THAT(page, HasSubstr("1970-01-01 00:00 to 00:03"));
}

TEST(PoolTrace, HasTheStepsOfAPoolAndWhenTheyBecomeReady) {
  Config config;
  for (const char* name : {"x86_64-linux", "aarch64-linux"}) {
    PoolConfig& pool = config.pools[PoolName{name}];
    pool.name = PoolName{name};
    pool.type = *parse_system_type(name);
  }
  trace::Trace trace{.step_types = {"x86_64-linux", "aarch64-linux"}, .steps = {}};
  trace.steps = {{.ready_at = Millis{0}, .duration = Millis{100}, .type = 1, .name = "arm"},
                 {.ready_at = Millis{1}, .duration = Millis{5}, .type = 0, .name = "after arm", .depends_on = {0}},
                 {.ready_at = Millis{2}, .duration = Millis{5}, .type = 0, .name = "first"},
                 {.ready_at = Millis{3}, .duration = Millis{5}, .type = 0, .name = "after both", .depends_on = {1, 2}}};
  const trace::Trace part = part_of(trace, config, {PoolName{"x86_64-linux"}});
  ASSERT_EQ(part.steps.size(), 3u);
  EXPECT_EQ(part.steps[0].name, "first");
  EXPECT_EQ(part.steps[1].name, "after both");
  EXPECT_EQ(part.steps[2].name, "after arm");
  EXPECT_EQ(part.steps[2].ready_at, Millis{100});
  EXPECT_THAT(part.steps[1].depends_on, ElementsAre(2, 0));
}

}  // namespace
}  // namespace hydra_provisioner::forecast
