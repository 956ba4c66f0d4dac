#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/async/gather.hpp"
#include "observe/queue_source.hpp"
#include "tests/fakes/fake_clock.hpp"

namespace hydra_provisioner::observe {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

// Takes its time, and fails.
class SlowQueue final : public QueueSource {
 public:
  SlowQueue(fakes::FakeClock& clock, Seconds takes) : clock_(clock), takes_(takes) {}

  int told = 0;

  io::Task<Queue> read() override { co_return std::unexpected(Untrusted{"all of it"}); }
  io::Task<Queue> read_machines() override { co_return std::unexpected(Untrusted{"its machines"}); }
  io::Task<Expected<void>> wake() override { return fail(); }
  io::Task<Expected<void>> evict(MachineId, std::string) override { return fail(); }

 private:
  io::Task<Expected<void>> fail() {
    ++told;
    co_await clock_.sleep_for(takes_);
    co_return failure("no");
  }

  fakes::FakeClock& clock_;
  Seconds takes_;
};

class APatientQueue : public testing::Test {
 protected:
  fakes::FakeClock clock;
  SlowQueue* slow = nullptr;
  const MachineId machine{"a-1"};

  PatientQueue that_takes(Seconds time) {
    auto behind = std::make_unique<SlowQueue>(clock, time);
    slow = behind.get();
    return {std::move(behind), clock};
  }
};

TEST_F(APatientQueue, IsAskedForItsMachinesAlone) {
  PatientQueue queue(std::make_unique<RarelyAsked>(std::make_unique<SlowQueue>(clock, Seconds{0}), clock), clock);
  EXPECT_EQ(clock.run(queue.read_machines()).error().why, "its machines");
}

TEST_F(APatientQueue, GivesTheSameAnswerToAllWhoReadAtATime) {
  class Counting final : public QueueSource {
   public:
    explicit Counting(fakes::FakeClock& clock) : clock_(clock) {}
    io::Task<Queue> read() override {
      const int number = ++numbers_;
      co_await clock_.sleep_for(Seconds{3});
      co_return std::unexpected(Untrusted{std::to_string(number)});
    }

   private:
    fakes::FakeClock& clock_;
    int numbers_ = 0;
  };
  PatientQueue queue(std::make_shared<Counting>(clock), clock);
  std::vector<std::string> answers;
  const auto read = [&]() -> io::Task<void> { answers.push_back((co_await queue.read()).error().why); };
  clock.run(io::run_all({read, read}, 2));
  clock.run(io::run_all({read}, 1));
  EXPECT_THAT(answers, ElementsAre("1", "1", "2"));
}

TEST_F(APatientQueue, SaysAtOnceHowAnEvictionHasEnded) {
  PatientQueue queue = that_takes(Seconds{1});
  EXPECT_EQ(clock.run(queue.evict(machine, "10.0.0.1")).error(), Error{"no"});
  EXPECT_THAT(queue.late_evictions(), IsEmpty());
}

TEST_F(APatientQueue, DoesNotWaitForALongEvictionAndDoesNotBeginItTwice) {
  PatientQueue queue = that_takes(Seconds{9});
  const auto test = [&]() -> io::Task<void> {
    const Instant begin = clock.now();
    for (int pass = 0; pass < 2; ++pass) {
      const auto evicted = co_await queue.evict(machine, "10.0.0.1");
      EXPECT_EQ(evicted.error().kind, ErrorKind::unanswered);
    }
    EXPECT_LE(clock.now() - begin, Seconds{5});
    EXPECT_THAT(queue.late_evictions(), IsEmpty());
    co_await clock.sleep_for(Seconds{9});
    EXPECT_EQ(slow->told, 1);
    EXPECT_THAT(queue.late_evictions(), ElementsAre(Pair(machine, Expected<void>(failure("no")))));
    EXPECT_THAT(queue.late_evictions(), IsEmpty()) << "it is told once";
    std::ignore = co_await queue.evict(machine, "10.0.0.1");
    EXPECT_EQ(slow->told, 2);
  };
  clock.run(test());
}

TEST_F(APatientQueue, DoesNotWaitForAQueueRunnerThatIsSlowToWake) {
  PatientQueue queue = that_takes(Seconds{9});
  const auto test = [&]() -> io::Task<void> {
    for (int pass = 0; pass < 2; ++pass) {
      const auto woken = co_await queue.wake();
      EXPECT_EQ(woken.error().kind, ErrorKind::unanswered);
    }
    co_await clock.sleep_for(Seconds{9});
    const auto late = co_await queue.wake();
    EXPECT_EQ(late.error(), Error{"no"});
    EXPECT_EQ(slow->told, 1);
  };
  clock.run(test());
}

}  // namespace
}  // namespace hydra_provisioner::observe
