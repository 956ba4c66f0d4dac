#include "app/daemon/next_pass.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/this_coro.hpp>

#include "tests/fakes/fake_clock.hpp"
#include "tests/support/usual.hpp"

namespace hydra_provisioner::app {
namespace {

using namespace std::chrono_literals;
using support::noon;
using support::plain;
using testing::AllOf;
using testing::Ge;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Le;
using testing::SizeIs;

QueueStatus status_with(std::int64_t runnable) {
  return {.time = noon,
          .arrived = noon,
          .started = {},
          .step_types = {{.key = plain.text, .type = parse_step_type(plain.text), .runnable = runnable}},
          .machines = {}};
}

class CountedQueue final : public observe::QueueSource {
 public:
  explicit CountedQueue(fakes::FakeClock& clock) : clock_(clock) {}

  Queue says = status_with(0);
  Millis takes{50};
  std::vector<Millis> read_at{};

  io::Task<Queue> read() override {
    read_at.push_back(clock_.stopwatch());
    co_await clock_.sleep_for(takes);
    co_return says;
  }

 private:
  fakes::FakeClock& clock_;
};

// A pool of which nothing exists yet, for which one machine is made for each ten steps.
class TheNextPass : public testing::Test {
 protected:
  TheNextPass() {
    PoolConfig pool;
    pool.name = plain;
    pool.type = *parse_system_type(plain.text);
    pool.max_machines = 10;
    config.pools.emplace(plain, pool);
    saw(0);
  }

  // The last pass.
  void saw(std::int64_t runnable) {
    report->look.seen.queue = status_with(runnable);
    report->look.seen.now = noon;
    end.is_trusted = true;
    end.report = report;
  }

  using Action = std::function<io::Task<void>(NextPass&)>;

  // Waits for passes one after another, until `action` has ended. Returns when each was to be made, and why.
  struct Passes {
    std::vector<Millis> at;
    std::vector<std::string> why;
  };
  Passes passes_during(Action action, Seconds pause = 3600s) {
    return clock.run(make_passes(std::move(action), pause));
  }

  fakes::FakeClock clock;
  std::shared_ptr<CountedQueue> queue = std::make_shared<CountedQueue>(clock);
  Config config;
  std::shared_ptr<pass::Report> report = std::make_shared<pass::Report>();
  pass::PassEnd end;

 private:
  static io::Task<void> act(Action action, NextPass& next, bool& is_over) {
    co_await action(next);
    is_over = true;
    next.end();
  }

  io::Task<Passes> make_passes(Action action, Seconds pause) {
    Passes passes;
    const auto executor = co_await boost::asio::this_coro::executor;
    NextPass next(executor, clock);
    bool is_over = false;
    boost::asio::co_spawn(executor, act(action, next, is_over), boost::asio::detached);
    while (true) {
      next.begin();
      const std::string why = co_await next.wait({.end = end, .config = config, .queue = queue, .pause = pause});
      if (is_over) co_return passes;
      passes.at.push_back(clock.stopwatch());
      passes.why.push_back(why);
    }
  }
};

TEST_F(TheNextPass, IsMadeWhenItIsDue) {
  const auto [at, why] = passes_during([&](NextPass&) { return clock.sleep_for(31s); }, 15s);
  ASSERT_THAT(at, SizeIs(2));
  EXPECT_EQ(at[1] - at[0], 15s);
  EXPECT_THAT(why, testing::Each(IsEmpty()));
}

TEST_F(TheNextPass, IsMadeAtOnceWhenItIsCalledFor) {
  const auto [at, why] = passes_during([&](NextPass& next) -> io::Task<void> {
    co_await clock.sleep_for(100ms);
    next.call("an order");
    next.call("another");
    co_await clock.sleep_for(10s);
  });
  EXPECT_THAT(why, testing::ElementsAre("an order"));
  EXPECT_EQ(at.front() - noon.time_since_epoch(), 100ms);
}

TEST_F(TheNextPass, ComesOnceASecondInAStorm) {
  const auto [at, why] = passes_during([&](NextPass& next) -> io::Task<void> {
    for (int n = 0; n < 1000; ++n) {
      next.call("a storm");
      next.note_steps();
      co_await clock.sleep_for(10ms);
    }
  });
  EXPECT_THAT(at, SizeIs(AllOf(Ge(10), Le(11))));
  for (std::size_t n = 2; n < at.size(); ++n) EXPECT_GE(at[n] - at[n - 1], 1s);
}

TEST_F(TheNextPass, IsCalledForBySomethingToDoThatTheStatusShows) {
  queue->says = status_with(11);
  const auto [at, why] = passes_during([&](NextPass& next) -> io::Task<void> {
    co_await clock.sleep_for(10s);
    next.note_steps();
    co_await clock.sleep_for(1s);
  });
  ASSERT_THAT(why, SizeIs(1));
  EXPECT_THAT(why.front(), HasSubstr("the status: create "));
  EXPECT_THAT(at.front() - noon.time_since_epoch(), AllOf(Ge(10s), Le(10s + 400ms)));
}

TEST_F(TheNextPass, IsNotCalledForByOtherNews) {
  const auto [at, why] = passes_during([&](NextPass& next) -> io::Task<void> {
    for (int n = 0; n < 1000; ++n) {
      next.note_steps();
      co_await clock.sleep_for(10ms);
    }
  });
  EXPECT_THAT(at, IsEmpty());
  EXPECT_THAT(queue->read_at, SizeIs(AllOf(Ge(9), Le(11))));
}

TEST_F(TheNextPass, FollowsNewsThatTheQueueRunnerNeedsAMomentToNote) {
  const auto [at, why] = passes_during([&](NextPass& next) -> io::Task<void> {
    next.note_steps();
    co_await clock.sleep_for(2s);
    queue->says = status_with(1);
    co_await clock.sleep_for(2s);
  });
  ASSERT_FALSE(at.empty());
  EXPECT_THAT(at.front() - noon.time_since_epoch(), AllOf(Ge(2s), Le(3s + 500ms)));
}

TEST_F(TheNextPass, IsLookedForInAPeriodWhileStepsWait) {
  saw(1);
  report->plan.actions.push_back(
      {.kind = ActionKind::create, .machine = MachineId{"hydra-provisioned-0"}, .pool = plain, .reason = {}});
  queue->says = status_with(1);
  passes_during([&](NextPass&) { return clock.sleep_for(21s); });
  EXPECT_THAT(queue->read_at, SizeIs(10));
  config.status_interval = 0s;
  passes_during([&](NextPass&) { return clock.sleep_for(21s); });
  EXPECT_THAT(queue->read_at, SizeIs(10));
}

TEST_F(TheNextPass, IsNotLookedForWhileNothingWaits) {
  passes_during([&](NextPass&) { return clock.sleep_for(60s); });
  EXPECT_THAT(queue->read_at, IsEmpty());
}

TEST_F(TheNextPass, IsNotLookedForWhileStepsAreHeardOf) {
  saw(1);
  passes_during([&](NextPass& next) {
    next.set_hears_of_steps(true);
    return clock.sleep_for(60s);
  });
  EXPECT_LE(queue->read_at.size(), 1);
}

TEST_F(TheNextPass, IsLookedForMoreRarelyWhereTheAnswerTakesLong) {
  saw(1);
  report->plan.actions.push_back(
      {.kind = ActionKind::create, .machine = MachineId{"hydra-provisioned-0"}, .pool = plain, .reason = {}});
  queue->says = status_with(1);
  queue->takes = 1s;
  passes_during([&](NextPass&) { return clock.sleep_for(60s); });
  EXPECT_THAT(queue->read_at, SizeIs(AllOf(Ge(5), Le(7))));
}

TEST_F(TheNextPass, IsMadeAsSoonAsTheStatusIsTrustedAgain) {
  end.is_trusted = false;
  const auto [at, why] = passes_during([&](NextPass& next) -> io::Task<void> {
    co_await clock.sleep_for(10s);
    next.note_steps();
    co_await clock.sleep_for(1s);
  });
  EXPECT_THAT(why, testing::ElementsAre("the status is trusted again"));
}

TEST_F(TheNextPass, IsNotHeldUpByAStatusThatIsSlow) {
  queue->takes = 60s;
  const auto [at, why] = passes_during([&](NextPass& next) -> io::Task<void> {
    next.note_steps();
    co_await clock.sleep_for(2s);
    next.call("an order");
    co_await clock.sleep_for(1s);
  });
  EXPECT_THAT(why, testing::ElementsAre("an order"));
  EXPECT_EQ(at.front() - noon.time_since_epoch(), 2s);
}

}  // namespace
}  // namespace hydra_provisioner::app
