#include "forecast/recorded_steps.hpp"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/random.hpp"
#include "tests/support/journal_on_disk.hpp"
#include "tests/support/pass_that_saw.hpp"
#include "tests/support/usual.hpp"

namespace hydra_provisioner::forecast {
namespace {

using support::noon;
using support::pass_that_saw;
using support::pass_that_trusted_nothing;
using support::Steps;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using namespace std::chrono_literals;

class RecordedSteps : public testing::Test {
 protected:
  void saw(Seconds late, const Steps& steps) { journal.commit(pass_that_saw(noon + late, steps)); }
  // Of steps of one type: how many wait, and how many run.
  void saw(Seconds late, std::int64_t runnable, std::int64_t running) { saw(late, {{"a", {runnable, running}}}); }

  trace::Trace trace(Instant since = Instant{}) const { return recorded_steps(journal.archive(), since).value(); }
  // "a: ready after 15 s, 30 s long"
  std::vector<std::string> steps() const {
    const trace::Trace made = trace();
    std::vector<std::string> texts;
    for (const trace::TraceStep& step : made.steps) {
      const Millis late = step.ready_at - Millis{noon.time_since_epoch()};
      texts.push_back(fmt::format("{}: ready after {} s, {} s long", made.step_types.at(step.type),
                                  static_cast<double>(late.count()) / 1000,
                                  static_cast<double>(step.duration.count()) / 1000));
    }
    return texts;
  }

  support::JournalOnDisk journal;
};

TEST_F(RecordedSteps, BeginAndEndInTheOrderInWhichTheyBecameReady) {
  saw(0s, 2, 0);
  saw(15s, 2, 1);   // a third, while the first runs
  saw(60s, 1, 1);   // the first has ended, and the second runs
  saw(105s, 0, 1);  // the same again
  saw(120s, 0, 0);
  EXPECT_THAT(steps(), ElementsAre("a: ready after 0 s, 45 s long", "a: ready after 0 s, 45 s long",
                                   "a: ready after 15 s, 15 s long"));
}

TEST_F(RecordedSteps, OfAConstantLoadAreAsLongAsTheyRun) {
  for (int pass = 0; pass < 8; ++pass) saw(pass * 15s, 0, pass % 2);
  EXPECT_THAT(steps(), ElementsAre("a: ready after 15 s, 15 s long", "a: ready after 45 s, 15 s long",
                                   "a: ready after 75 s, 15 s long", "a: ready after 105 s, 15 s long"));
}

TEST_F(RecordedSteps, OfABurstAreReadyAtOnce) {
  saw(0s, 0, 0);
  saw(15s, 100, 0);
  for (int pass = 2; pass <= 11; ++pass) saw(pass * 15s, 110 - pass * 10, 10);  // ten slots, a step a pass
  saw(180s, 0, 0);
  const trace::Trace burst = trace();
  ASSERT_EQ(burst.steps.size(), 100U);
  EXPECT_EQ(burst.steps.back().ready_at, Millis{(noon + 15s).time_since_epoch()}) << "the last, too";
  EXPECT_THAT(burst.steps, Each(testing::Field(&trace::TraceStep::duration, Millis{15'000})));
}

TEST_F(RecordedSteps, ThatBeganAndEndedBetweenTwoPassesTookHalfOfTheTimeBetweenThem) {
  saw(0s, 3, 0);
  saw(10s, 1, 0);
  saw(20s, 0, 0);
  EXPECT_THAT(steps(), Each("a: ready after 0 s, 5 s long"));
}

TEST_F(RecordedSteps, ThatNoPassSawRunningAreNotLongerThanThoseThatSomeSaw) {
  saw(0s, 0, 1);
  saw(15s, 0, 0);
  saw(30s, 1, 0);
  saw(3600s, 0, 0);
  EXPECT_THAT(steps(), ElementsAre("a: ready after 0 s, 15 s long", "a: ready after 30 s, 15 s long"));
}

TEST_F(RecordedSteps, TakeASecondAtLeast) {
  saw(0s, 1, 0);
  saw(1s, 0, 0);
  EXPECT_THAT(steps(), ElementsAre("a: ready after 0 s, 1 s long"));
}

TEST_F(RecordedSteps, GoOnWhileTheStatusIsNotTrustedAndWhileThereAreNoPasses) {
  saw(0s, 1, 1);
  journal.commit(pass_that_trusted_nothing(noon + 15s));
  journal.commit(pass_that_trusted_nothing(noon + 30s));
  saw(45s, 1, 1);
  saw(7245s, 0, 1);
  saw(7260s, 0, 0);
  EXPECT_THAT(steps(), ElementsAre("a: ready after 0 s, 7245 s long", "a: ready after 0 s, 15 s long"));
}

TEST_F(RecordedSteps, ThatRunAtTheEndTakeTheMeanOrAsLongAsTheyHaveRun) {
  saw(0s, 0, 1);
  saw(60s, 0, 0);
  saw(75s, 0, 1);
  saw(165s, 0, 2);
  saw(180s, 1, 2);
  EXPECT_THAT(steps(), ElementsAre("a: ready after 0 s, 60 s long", "a: ready after 75 s, 105 s long",
                                   "a: ready after 165 s, 60 s long", "a: ready after 180 s, 60 s long"));
}

TEST_F(RecordedSteps, ThatWaitAtTheEndTakeWhatIsKnownOfTheirType) {
  saw(0s, {{"a", {1, 1}}, {"b", {1, 0}}});
  saw(60s, {{"a", {1, 1}}, {"b", {1, 0}}});
  EXPECT_THAT(steps(), ElementsAre("a: ready after 0 s, 60 s long", "a: ready after 0 s, 60 s long",
                                   "b: ready after 0 s, 300 s long"));
}

TEST_F(RecordedSteps, OfAllTypesAreByTime) {
  saw(0s, {{"b", {1, 0}}});
  saw(15s, {{"a", {1, 0}}, {"b", {1, 0}}});
  saw(30s, {{"a", {0, 1}}, {"b", {2, 0}}});
  const trace::Trace all = trace();
  EXPECT_THAT(all.step_types, ElementsAre("a", "b"));
  EXPECT_TRUE(std::ranges::is_sorted(all.steps, {}, &trace::TraceStep::ready_at));
}

TEST_F(RecordedSteps, SinceATimeBeginWithWhatWasThereThen) {
  saw(0s, 0, 2);
  saw(15s, 0, 1);
  saw(30s, 0, 0);
  const trace::Trace late = trace(noon + 15s);
  ASSERT_EQ(late.steps.size(), 1U);
  EXPECT_EQ(late.steps[0].ready_at, Millis{(noon + 15s).time_since_epoch()});
}

TEST_F(RecordedSteps, AreNoneWhereNoPassSawAny) {
  saw(0s, 0, 0);
  const auto none = recorded_steps(journal.archive(), noon);
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().message, HasSubstr(journal.file() + ": no recorded pass saw a step since then"));
}

TEST_F(RecordedSteps, AreRefusedWhereTheyAreTooMany) {
  saw(0s, 1'000'000'000, 0);
  EXPECT_THAT(recorded_steps(journal.archive(), noon).error().message, HasSubstr("more than 10000000 steps"));
}

// What passes every 15 s see of a trace that is built in its order on so many slots.
void record(support::JournalOnDisk& journal, const trace::Trace& trace, std::size_t slots) {
  const Millis begin{noon.time_since_epoch()};
  std::deque<const trace::TraceStep*> waiting;
  std::vector<Millis> ends;
  auto next = trace.steps.begin();
  for (Millis now = begin; next != trace.steps.end() || !waiting.empty() || !ends.empty(); now += 1s) {
    for (; next != trace.steps.end() && begin + next->ready_at <= now; ++next) waiting.push_back(&*next);
    std::erase_if(ends, [&](Millis end) { return end <= now; });
    for (; !waiting.empty() && ends.size() < slots; waiting.pop_front())
      ends.push_back(now + waiting.front()->duration);
    const bool is_time = (now - begin) % 15s == 0s;
    const auto [runnable, running] = std::pair(std::ssize(waiting), std::ssize(ends));
    if (is_time)
      journal.commit(
          pass_that_saw(std::chrono::sys_time{std::chrono::floor<Seconds>(now)}, {{"a", {runnable, running}}}));
  }
}

trace::Trace made_trace(int count, Millis longest_pause) {
  Random random(1);
  trace::Trace made{.step_types = {"a"}, .steps = {}};
  Millis ready{};
  for (int step = 0; step < count; ++step) {
    ready += Millis{random.between(0, longest_pause.count())};
    made.steps.push_back({.ready_at = ready, .duration = Millis{random.between(20'000, 420'000)}});
  }
  return made;
}

double hours_of_work(const trace::Trace& trace) {
  double hours = 0;
  for (const trace::TraceStep& step : trace.steps) hours += hours_in(step.duration);
  return hours;
}

TEST_F(RecordedSteps, AreNearlyAllOfATraceWhoseStepsComeRarely) {
  const trace::Trace built = made_trace(40, 400s);
  record(journal, built, 8);
  EXPECT_GE(trace().steps.size(), 36U);
  EXPECT_LE(trace().steps.size(), 40U);
  EXPECT_NEAR(hours_of_work(trace()) / hours_of_work(built), 1, 0.02);
}

// Where one ends and another begins between two passes, they seem to be one.
TEST_F(RecordedSteps, AreFewerAndLongerWhereManyComeAndGoButAsMuchWork) {
  const trace::Trace built = made_trace(150, 60s);
  record(journal, built, 8);
  EXPECT_LT(trace().steps.size(), 150U);
  EXPECT_NEAR(hours_of_work(trace()) / hours_of_work(built), 1, 0.02);
}

}  // namespace
}  // namespace hydra_provisioner::forecast
