#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "forecast/forecast.hpp"
#include "forecast/meter.hpp"
#include "forecast/page.hpp"
#include "forecast/report.hpp"
#include "forecast/tuning.hpp"
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

TEST(Report, SaysSpansInTwoUnitsAtMost) {
  EXPECT_EQ(span_text(0), "0.0 s");
  EXPECT_EQ(span_text(36.04), "36.0 s");
  EXPECT_EQ(span_text(185), "3 min 5 s");
  EXPECT_EQ(span_text(7300), "2 h 1 min");
}

TEST(Page, NeedsNoOtherFileAndEscapesNames) {
  Forecast forecast;
  PoolForecast& pool = forecast.pools[PoolName{"a<b&c"}];
  pool.waiting = {1, 2, 0};
  pool.machines = {Curve{1, 0}, Curve{0, 2}, Curve{}, Curve{}};
  forecast.span_of_curves = Millis{60'000};
  const std::string page = forecast_page(forecast);
  EXPECT_THAT(page, HasSubstr("<h2>a&lt;b&amp;c</h2>"));
  EXPECT_THAT(page, Not(HasSubstr("a<b")));
  EXPECT_THAT(page, Not(HasSubstr("src=")));
  EXPECT_THAT(page, Not(HasSubstr("nan")));
  EXPECT_THAT(page, HasSubstr("1970-01-01 00:03 UTC"));
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
