#include "pass/recent_steps.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/usual.hpp"

namespace hydra_provisioner::pass {
namespace {

using support::noon;
using support::plain;
using testing::IsEmpty;
using testing::SizeIs;

// Passes over a pool with the rule "work", as the journal remembers them.
class StepsSeen : public testing::Test {
 protected:
  StepsSeen() {
    PoolConfig pool;
    pool.name = plain;
    pool.type = parse_system_type(plain.text).value();
    pool.scaling = Scaling::work;
    pool.target_wait = Seconds{300};
    config_.pools.emplace(plain, pool);
  }

  PoolConfig& pool() { return config_.pools.at(plain); }

  RecentSteps look(Seconds at, std::int64_t ended, std::int64_t runnable, std::int64_t running) {
    Snapshot seen;
    seen.now = noon + at;
    QueueStatus status{.time = seen.now, .arrived = seen.now, .started = {}, .step_types = {}, .machines = {}};
    status.step_types = {
        {.key = plain.text, .type = parse_step_type(plain.text), .runnable = runnable, .running = running}};
    status.history = {{.systems = pool().type.systems, .mandatory_features = {}, .steps = ended, .time = {}}};
    seen.queue = std::move(status);
    const AllStepSamples samples = with_present(known_, seen, config_);
    Plan plan;
    plan.pools.emplace_back();
    plan.pools.back().name = plain;
    plan.pools.back().runnable = runnable;
    plan.pools.back().ignored = pool().ignored_runnables;
    for (auto& [name, all] : changed_samples(samples, known_, seen, config_, plan)) known_[name] = std::move(all);
    return recent_steps(samples, seen, config_).at(plain);
  }

  const state::StepSamples& kept() { return known_[plain]; }

 private:
  Config config_;
  AllStepSamples known_;
};

TEST_F(StepsSeen, CountsWhatHasEndedWithinTheTargetWait) {
  EXPECT_EQ(look(Seconds{0}, 100, 0, 9).ended, 0) << "what was before is not known";
  EXPECT_EQ(look(Seconds{60}, 103, 0, 6).ended, 3);
  const RecentSteps later = look(Seconds{120}, 108, 0, 1);
  EXPECT_EQ(later.ended, 8);
  EXPECT_EQ(later.fewer_ended_at, noon + Seconds{360});
  EXPECT_EQ(look(Seconds{359}, 108, 0, 1).ended, 8);
  EXPECT_EQ(look(Seconds{360}, 108, 0, 1).ended, 5);
  EXPECT_EQ(look(Seconds{420}, 108, 0, 1).ended, 0);
}

TEST_F(StepsSeen, CountsOnAfterTheQueueRunnerHasRestarted) {
  look(Seconds{0}, 100, 0, 9);
  look(Seconds{60}, 103, 0, 6);
  EXPECT_EQ(look(Seconds{120}, 2, 0, 4).ended, 5);
}

TEST_F(StepsSeen, CountsArrivalsAlsoOfStepsThatHaveEndedMeanwhile) {
  pool().spares_by_arrivals = true;
  EXPECT_EQ(look(Seconds{0}, 100, 2, 2).arrived_at, std::nullopt);
  EXPECT_EQ(look(Seconds{60}, 102, 0, 4).arrived, 2);
  EXPECT_EQ(look(Seconds{120}, 103, 0, 3).arrived_at, noon + Seconds{60});
  const RecentSteps later = look(Seconds{180}, 104, 4, 2);
  EXPECT_EQ(later.arrived, 6);
  EXPECT_EQ(later.arrived_at, noon + Seconds{180});
  EXPECT_EQ(later.fewer_arrived_at, noon + Seconds{3660});
  EXPECT_EQ(look(Seconds{3660}, 110, 0, 0).arrived, 4);
}

TEST_F(StepsSeen, DoesNotTakeAnEndThatIsCountedLateForAnArrival) {
  pool().spares_by_arrivals = true;
  look(Seconds{0}, 10, 1, 2);
  look(Seconds{60}, 10, 1, 1);  // one has been built, and its outputs are fetched
  EXPECT_EQ(look(Seconds{120}, 11, 1, 1).arrived, 0);
  look(Seconds{180}, 11, 0, 0);  // two have been cancelled
  EXPECT_EQ(look(Seconds{240}, 11, 3, 0).arrived, 1);
  look(Seconds{300}, 11, 0, 0);
  EXPECT_EQ(look(Seconds{960}, 11, 3, 0).arrived, 1 + 3) << "what is missing for long does not come back";
}

TEST_F(StepsSeen, KnowsSinceWhenMoreWaitThanAreIgnoredWithoutABreak) {
  pool().ignored_runnables = 2;
  look(Seconds{0}, 0, 2, 0);
  look(Seconds{60}, 0, 3, 0);
  EXPECT_EQ(look(Seconds{120}, 0, 2, 0).waiting_since, noon + Seconds{60}) << "as the pass before it left it";
  EXPECT_EQ(look(Seconds{180}, 0, 3, 0).waiting_since, std::nullopt);
  EXPECT_EQ(look(Seconds{240}, 0, 5, 0).waiting_since, noon + Seconds{180});
}

TEST_F(StepsSeen, KeepsNoMoreThanItNeeds) {
  for (std::int64_t second = 0; second < 7200; second += 2) look(Seconds{second}, second, 1, 1);
  EXPECT_THAT(kept(), SizeIs(testing::Le(300 / 15 + 3)));
  const std::int64_t ended = look(Seconds{7200}, 7200, 1, 1).ended;
  EXPECT_GE(ended, 300);
  EXPECT_LE(ended, 300 + 16) << "as exactly as samples are apart";
  const auto before = kept();
  look(Seconds{7260}, 7200, 1, 1);
  EXPECT_EQ(kept(), before) << "nothing has changed";
}

TEST_F(StepsSeen, AreNotLookedForWhereNoTargetDependsOnThem) {
  pool().scaling = Scaling::runnables;
  EXPECT_THAT(with_present({}, Snapshot{}, Config{}), IsEmpty());
  Config classic;
  classic.pools.emplace(plain, pool());
  Snapshot seen;
  seen.now = noon;
  seen.queue = QueueStatus{};
  EXPECT_THAT(with_present({}, seen, classic), IsEmpty());
  classic.pools.at(plain).spare_slots = 1;
  EXPECT_THAT(with_present({}, seen, classic), SizeIs(1));
}

}  // namespace
}  // namespace hydra_provisioner::pass
