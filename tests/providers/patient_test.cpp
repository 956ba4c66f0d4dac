#include "providers/patient.hpp"

#include <chrono>
#include <memory>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fakes/chronicle.hpp"
#include "tests/fakes/fake_clock.hpp"
#include "tests/fakes/fake_provider.hpp"

namespace hydra_provisioner {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

// Takes its time for everything that is asked of it.
class SlowProvider final : public Provider, public Upkeep {
 public:
  SlowProvider(FakeClock& clock, Chronicle& chronicle) : clock_(clock), machines_(chronicle) {}

  Seconds takes{0};
  int asked = 0;

  Task<Expected<Inventory>> list(ListRequest request) override {
    co_await pass_time();
    co_return co_await machines_.list(std::move(request));
  }
  Task<Expected<void>> ready(Instance, PoolConfig) override {
    co_await pass_time();
    co_return Expected<void>{};
  }
  Task<Expected<void>> keep_alive(Target, PoolConfig) override {
    co_await pass_time();
    co_return failure("deaf");
  }
  Task<Expected<Condition>> check(Target, PoolConfig) override {
    co_await pass_time();
    co_return Condition::vanished;
  }
  Seconds check_interval() const override { return 100s; }
  Task<Expected<std::string>> specification(PoolConfig) override { co_return "hash"; }
  Task<Expected<Instance>> create(Target target, PoolConfig) override {
    co_return FakeProvider::instance(target.machine);
  }
  Task<Expected<Instance>> start(Target target, PoolConfig) override {
    co_return FakeProvider::instance(target.machine);
  }
  Task<Expected<void>> stop(Target, PoolConfig) override { co_return Expected<void>{}; }
  Task<Expected<void>> destroy(Target, PoolConfig) override { co_return Expected<void>{}; }
  Upkeep* upkeep() override { return this; }

 private:
  Task<void> pass_time() {
    ++asked;
    co_await clock_.sleep_for(takes);
  }

  FakeClock& clock_;
  FakeProvider machines_;
};

class Patient : public testing::Test {
 protected:
  FakeClock clock;
  Chronicle chronicle;
  SlowProvider* slow = nullptr;
  PatientProvider provider = patient();
  const MachineId machine{"a-1"};

  PatientProvider patient() {
    auto behind = std::make_unique<SlowProvider>(clock, chronicle);
    slow = behind.get();
    return {std::move(behind), clock};
  }
  static Task<Expected<Inventory>> list(Provider& asked) { co_return co_await asked.list({}); }
  Task<Expected<void>> ready() { return provider.ready(FakeProvider::instance(machine), {}); }
};

TEST_F(Patient, HasTheAnswerThatComesInTime) {
  slow->takes = 5s;
  EXPECT_TRUE(clock.run(list(provider)).has_value());
}

TEST_F(Patient, GivesUpAListingThatTakesTooLongAndDoesNotUseItLater) {
  slow->takes = 12s;
  const auto test = [this]() -> Task<void> {
    const auto first = co_await provider.list({});
    EXPECT_EQ(first.error().message, "has not answered for 10 s which machines there are");
    const auto second = co_await provider.list({});
    EXPECT_THAT(second.error().message, HasSubstr("was asked 10 s ago"));
    EXPECT_EQ(slow->asked, 1);
  };
  clock.run(test());
}

TEST_F(Patient, WaitsLongerForAProviderThatIsAlwaysSlow) {
  slow->takes = 12s;
  const auto test = [this]() -> Task<void> {
    co_await provider.list({});
    co_await clock.sleep_for(5s);
    const auto next = co_await provider.list({});
    EXPECT_TRUE(next.has_value());
    EXPECT_EQ(slow->asked, 2);
  };
  clock.run(test());
}

TEST_F(Patient, HasALateAnswerAboutAMachineForTheNextWhoAsks) {
  slow->takes = 7s;
  const auto test = [this]() -> Task<void> {
    const auto first = co_await ready();
    EXPECT_EQ(first.error().kind, ErrorKind::unanswered);
    EXPECT_EQ(clock.now() - FakeClock::noon, 2s);
    co_await clock.sleep_for(10s);
    EXPECT_TRUE((co_await ready()).has_value());
    EXPECT_EQ(slow->asked, 1);
  };
  clock.run(test());
}

TEST_F(Patient, AsksAgainAboutAMachineOnceTheAnswerIsOld) {
  slow->takes = 7s;
  const auto test = [this]() -> Task<void> {
    co_await ready();
    co_await clock.sleep_for(2min);
    const auto next = co_await ready();
    EXPECT_EQ(next.error().kind, ErrorKind::unanswered);
    EXPECT_EQ(slow->asked, 2);
  };
  clock.run(test());
}

TEST_F(Patient, ChecksAndKeepsAliveInTheSameWay) {
  slow->takes = 7s;
  const auto test = [this]() -> Task<void> {
    const Target target{.machine = machine, .instance = {}};
    const auto checked = co_await provider.check(target, {});
    const auto told = co_await provider.keep_alive(target, {});
    EXPECT_EQ(checked.error().kind, ErrorKind::unanswered);
    EXPECT_EQ(told.error().kind, ErrorKind::unanswered);
    co_await clock.sleep_for(10s);
    EXPECT_EQ(co_await provider.check(target, {}), Condition::vanished);
    EXPECT_EQ((co_await provider.keep_alive(target, {})).error().message, "deaf");
  };
  clock.run(test());
}

}  // namespace
}  // namespace hydra_provisioner
