#include "providers/patient.hpp"

#include <chrono>
#include <memory>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fakes/chronicle.hpp"
#include "tests/fakes/fake_clock.hpp"
#include "tests/fakes/fake_provider.hpp"
#include "tests/support/usual.hpp"

namespace hydra_provisioner::providers {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

// Takes its time for everything that is asked of it.
class SlowProvider final : public Provider, public Upkeep {
 public:
  SlowProvider(fakes::FakeClock& clock, fakes::Chronicle& chronicle) : clock_(clock), machines_(clock, chronicle) {}

  Seconds takes{0};
  int asked = 0;

  io::Task<Expected<Inventory>> list(ListRequest request) override {
    co_await pass_time();
    co_return co_await machines_.list(std::move(request));
  }
  io::Task<Expected<void>> ready(Instance, PoolConfig) override {
    co_await pass_time();
    co_return Expected<void>{};
  }
  io::Task<Expected<void>> keep_alive(MachineRef, PoolConfig) override {
    co_await pass_time();
    co_return failure("deaf");
  }
  io::Task<Expected<Condition>> check(MachineRef, PoolConfig) override {
    co_await pass_time();
    co_return Condition::vanished;
  }
  Seconds check_interval() const override { return 100s; }
  io::Task<Expected<std::string>> specification(PoolConfig) override { co_return "hash"; }
  io::Task<Expected<Instance>> create(MachineRef target, PoolConfig) override {
    co_return fakes::FakeProvider::instance(target.machine);
  }
  io::Task<Expected<Instance>> start(MachineRef target, PoolConfig) override {
    co_return fakes::FakeProvider::instance(target.machine);
  }
  io::Task<Expected<void>> stop(MachineRef, PoolConfig) override { co_return Expected<void>{}; }
  io::Task<Expected<void>> destroy(MachineRef, PoolConfig) override { co_return Expected<void>{}; }
  Upkeep* upkeep() override { return this; }

 private:
  io::Task<void> pass_time() {
    ++asked;
    co_await clock_.sleep_for(takes);
  }

  fakes::FakeClock& clock_;
  fakes::FakeProvider machines_;
};

class Patient : public testing::Test {
 protected:
  fakes::FakeClock clock;
  fakes::Chronicle chronicle;
  SlowProvider* slow = nullptr;
  PatientProvider provider = patient();
  const MachineId machine{"a-1"};

  PatientProvider patient() {
    auto behind = std::make_unique<SlowProvider>(clock, chronicle);
    slow = behind.get();
    return {std::move(behind), clock};
  }
  static io::Task<Expected<Inventory>> list(Provider& asked) { co_return co_await asked.list({}); }
  io::Task<Expected<void>> ready() { return provider.ready(fakes::FakeProvider::instance(machine), {}); }
};

TEST_F(Patient, ReturnsAnAnswerThatComesInTime) {
  slow->takes = 5s;
  EXPECT_TRUE(clock.run(list(provider)).has_value());
}

TEST_F(Patient, GivesUpAnInventoryThatTakesTooLongAndDoesNotUseItLater) {
  slow->takes = 12s;
  const auto test = [this]() -> io::Task<void> {
    const auto first = co_await provider.list({});
    EXPECT_EQ(first.error().message, "was asked for its machines, and has not answered within 10 s");
    const auto second = co_await provider.list({});
    EXPECT_THAT(second.error().message, HasSubstr("it was asked for its machines 10 s ago"));
    EXPECT_EQ(slow->asked, 1);
  };
  clock.run(test());
}

TEST_F(Patient, WaitsLongerForAProviderThatIsAlwaysSlow) {
  slow->takes = 12s;
  const auto test = [this]() -> io::Task<void> {
    co_await provider.list({});
    co_await clock.sleep_for(5s);
    const auto next = co_await provider.list({});
    EXPECT_TRUE(next.has_value());
    EXPECT_EQ(slow->asked, 2);
  };
  clock.run(test());
}

TEST_F(Patient, ReturnsALateAnswerAboutAMachineToTheNextCall) {
  slow->takes = 7s;
  const auto test = [this]() -> io::Task<void> {
    const auto first = co_await ready();
    EXPECT_EQ(first.error().kind, ErrorKind::unanswered);
    EXPECT_EQ(clock.now() - support::noon, 2s);
    co_await clock.sleep_for(10s);
    EXPECT_TRUE((co_await ready()).has_value());
    EXPECT_EQ(slow->asked, 1);
  };
  clock.run(test());
}

TEST_F(Patient, AsksAgainAboutAMachineOnceTheAnswerIsOld) {
  slow->takes = 7s;
  const auto test = [this]() -> io::Task<void> {
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
  const auto test = [this]() -> io::Task<void> {
    const MachineRef target{.machine = machine, .instance = {}};
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
}  // namespace hydra_provisioner::providers
