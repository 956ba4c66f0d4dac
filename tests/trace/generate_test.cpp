#include "trace/generate.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "trace/write.hpp"

namespace hydra_provisioner::trace {
namespace {

TEST(Generator, MakesTheSameTraceFromTheSameSeed) {
  for (const Pattern pattern : {Pattern::poisson, Pattern::weekly, Pattern::bursts}) {
    const GeneratorSettings what{.pattern = pattern, .days = 3, .steps = 500};
    EXPECT_EQ(trace_text(generate(what)), trace_text(generate(what)));
    GeneratorSettings other = what;
    other.seed = 2;
    EXPECT_NE(trace_text(generate(what)), trace_text(generate(other)));
  }
}

TEST(Generator, MakesAboutAsManyStepsAsAreAskedForWithinTheDays) {
  for (const Pattern pattern : {Pattern::poisson, Pattern::weekly, Pattern::bursts}) {
    const Trace trace = generate({.pattern = pattern, .days = 14, .steps = 10'000});
    EXPECT_NEAR(static_cast<double>(trace.steps.size()), 10'000, 500);
    EXPECT_LT(trace.steps.front().ready_at, trace.steps.back().ready_at);
    EXPECT_LT(trace.steps.back().ready_at, std::chrono::days{15});
  }
}

TEST(Generator, LeavesNightsAndWeekendsNearlyEmpty) {
  const Trace trace = generate({.pattern = Pattern::weekly, .days = 28, .steps = 20'000});
  const auto steps_in = [&](auto is_in) {
    return static_cast<double>(std::ranges::count_if(trace.steps, [&](const TraceStep& step) {
      const auto hours = std::chrono::floor<std::chrono::hours>(step.ready_at).count();
      return is_in(hours / 24 % 7, hours % 24);
    }));
  };
  const double workdays = steps_in([](auto day, auto hour) { return day < 5 && hour >= 8 && hour < 18; }) / 50;
  const double nights = steps_in([](auto day, auto hour) { return day < 5 && (hour < 8 || hour >= 18); }) / 70;
  const double weekends = steps_in([](auto day, auto) { return day >= 5; }) / 48;
  EXPECT_GT(workdays, 5 * nights);
  EXPECT_GT(workdays, 7 * weekends);
}

TEST(Generator, MakesBurstsOfManyShortStepsAndAFewThatAreMostOfTheWork) {
  const Trace trace = generate({.pattern = Pattern::bursts, .days = 28, .steps = 50'000});
  std::vector<Millis> durations;
  Millis all{};
  for (const TraceStep& step : trace.steps) {
    durations.push_back(step.duration);
    all += step.duration;
  }
  std::ranges::sort(durations);
  EXPECT_LT(durations[durations.size() / 2], std::chrono::minutes{1});
  Millis longest{};
  for (std::size_t i = durations.size() * 97 / 100; i < durations.size(); ++i) longest += durations[i];
  EXPECT_GT(longest, all / 2);
}

}  // namespace
}  // namespace hydra_provisioner::trace
