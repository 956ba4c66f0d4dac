#include "providers/patient.hpp"

#include <chrono>
#include <map>
#include <memory>
#include <tuple>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "io/async/gather.hpp"
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
  std::map<MachineId, std::unique_ptr<boost::asio::steady_timer>> gates;  // cancelled: the machine is checked
  std::map<PoolName, Seconds> evaluation_takes;
  std::vector<BuilderOrder> told;
  bool is_deaf = false;

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
  io::Task<Expected<Condition>> check(MachineRef target, PoolConfig) override {
    if (const auto gate = gates.find(target.machine); gate != gates.end()) {
      co_await gate->second->async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    } else {
      co_await pass_time();
    }
    co_return Condition::vanished;
  }
  Seconds check_interval() const override { return 100s; }
  io::Task<Expected<std::string>> specification(PoolConfig pool) override {
    ++asked;
    co_await clock_.sleep_for(evaluation_takes[pool.name]);
    co_return "hash" + pool.settings_json;
  }
  io::Task<Expected<Instance>> create(MachineRef target, PoolConfig) override {
    co_return fakes::FakeProvider::instance(target.machine);
  }
  io::Task<Expected<Instance>> start(MachineRef target, PoolConfig) override {
    co_return fakes::FakeProvider::instance(target.machine);
  }
  io::Task<Expected<void>> stop(MachineRef, PoolConfig) override { co_return Expected<void>{}; }
  io::Task<Expected<void>> destroy(MachineRef, PoolConfig) override { co_return Expected<void>{}; }
  io::Task<Expected<void>> tell_builder(Instance, PoolConfig, BuilderOrder order) override {
    co_await pass_time();
    told.push_back(order);
    if (is_deaf) co_return failure("deaf");
    co_return Expected<void>{};
  }
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
  io::Task<Expected<void>> tell(BuilderOrder order) {
    return provider.tell_builder(fakes::FakeProvider::instance(machine), {}, order);
  }
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

TEST_F(Patient, WaitsAMinuteForAnInventoryAtMost) {
  slow->takes = 1h;
  const auto test = [this]() -> io::Task<void> {
    std::ignore = co_await provider.list({});
    co_await clock.sleep_for(1h);
    const auto next = co_await provider.list({});
    EXPECT_EQ(next.error().message, "was asked for its machines, and has not answered within 60 s");
  };
  clock.run(test());
}

TEST_F(Patient, WaitsLongerForAProviderThatIsAlwaysSlow) {
  slow->takes = 12s;
  const auto test = [this]() -> io::Task<void> {
    std::ignore = co_await provider.list({});
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
    std::ignore = co_await ready();
    co_await clock.sleep_for(2min);
    const auto next = co_await ready();
    EXPECT_EQ(next.error().kind, ErrorKind::unanswered);
    EXPECT_EQ(slow->asked, 2);
  };
  clock.run(test());
}

TEST_F(Patient, TellsABuilderOneThingAfterTheOther) {
  slow->takes = 7s;
  const auto test = [this]() -> io::Task<void> {
    EXPECT_EQ((co_await tell(BuilderOrder::open)).error().kind, ErrorKind::unanswered);
    EXPECT_EQ((co_await tell(BuilderOrder::close)).error().kind, ErrorKind::unanswered);
    EXPECT_EQ(clock.now() - support::noon, 4s);
    co_await clock.sleep_for(3s);
    EXPECT_EQ((co_await tell(BuilderOrder::close)).error().kind, ErrorKind::unanswered);
    co_await clock.sleep_for(10s);
    EXPECT_EQ(slow->told, (std::vector{BuilderOrder::open, BuilderOrder::close}));
  };
  clock.run(test());
}

TEST_F(Patient, GivesAnOrderThoughAnotherOneHasFailedLate) {
  slow->takes = 7s;
  slow->is_deaf = true;
  const auto test = [this]() -> io::Task<void> {
    EXPECT_EQ((co_await tell(BuilderOrder::close)).error().kind, ErrorKind::unanswered);
    co_await clock.sleep_for(10s);
    slow->takes = 1s;
    slow->is_deaf = false;
    EXPECT_TRUE(co_await tell(BuilderOrder::stop));
    EXPECT_EQ(slow->told, (std::vector{BuilderOrder::close, BuilderOrder::stop}));
  };
  clock.run(test());
}

TEST_F(Patient, ReturnsTheErrorOfAnOrderThatCameLateAndThenGivesItAgain) {
  slow->takes = 7s;
  slow->is_deaf = true;
  const auto test = [this]() -> io::Task<void> {
    EXPECT_EQ((co_await tell(BuilderOrder::close)).error().kind, ErrorKind::unanswered);
    co_await clock.sleep_for(10s);
    EXPECT_EQ((co_await tell(BuilderOrder::close)).error().message, "deaf");
    slow->takes = 1s;
    slow->is_deaf = false;
    EXPECT_TRUE(co_await tell(BuilderOrder::close));
    EXPECT_EQ(slow->told, (std::vector{BuilderOrder::close, BuilderOrder::close}));
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

// Two machines are checked side by side, and were asked about long ago. One of them answers; before its waiting caller
// goes on, another caller drops old answers. How many turns of the event loop lie in between depends on the library.
io::Task<void> answer_while_others_ask(PatientProvider& provider, SlowProvider& slow, fakes::FakeClock& clock,
                                       int turns) {
  const auto executor = co_await boost::asio::this_coro::executor;
  const auto check = [&](const char* id) { return provider.check({.machine = MachineId{id}, .instance = {}}, {}); };
  slow.gates[MachineId{"a-1"}] =
      std::make_unique<boost::asio::steady_timer>(executor, std::chrono::steady_clock::time_point::max());
  std::ignore = co_await check("a-1");
  co_await clock.sleep_for(100s);
  const auto first = [&]() -> io::Task<void> { EXPECT_EQ(co_await check("a-1"), Condition::vanished); };
  const auto second = [&]() -> io::Task<void> {
    co_await clock.sleep_for(1ms);
    slow.gates.at(MachineId{"a-1"})->cancel();
    for (int turn = 0; turn < turns; ++turn) co_await boost::asio::post(executor, boost::asio::use_awaitable);
    std::ignore = co_await check("a-2");
  };
  co_await io::run_all({first, second}, 2);
}

TEST_F(Patient, KeepsAnAnswerForTheCallerThatWaitsForIt) {
  for (int turns = 0; turns < 30; ++turns) {
    SCOPED_TRACE(turns);
    PatientProvider asked = patient();
    clock.run(answer_while_others_ask(asked, *slow, clock, turns));
  }
}

class PatientWithSpecifications : public Patient {
 protected:
  io::Task<Expected<std::string>> specification(const char* name, std::string settings = "") {
    PoolConfig pool;
    pool.name = PoolName{name};
    pool.settings_json = std::move(settings);
    return provider.specification(std::move(pool));
  }
  Seconds waited_for(Instant since) const { return clock.now() - since; }
};

TEST_F(PatientWithSpecifications, WaitsForOneThatHangsOnceAndThenHardly) {
  slow->evaluation_takes[PoolName{"hangs"}] = 62s;
  const auto test = [this]() -> io::Task<void> {
    const Instant begin = clock.now();
    EXPECT_EQ((co_await specification("hangs")).error().message,
              "its specification was asked for 10 s ago and is not known yet");
    EXPECT_EQ(waited_for(begin), 10s);
    EXPECT_EQ((co_await specification("hangs")).error().kind, ErrorKind::unanswered);
    EXPECT_EQ(waited_for(begin), 12s);
    EXPECT_EQ(co_await specification("other"), "hash");
    co_await clock.sleep_for(60s);
    EXPECT_EQ(co_await specification("hangs"), "hash");
    const Instant again = clock.now();
    EXPECT_EQ((co_await specification("hangs")).error().kind, ErrorKind::unanswered);
    EXPECT_EQ(waited_for(again), 2s);
  };
  clock.run(test());
}

TEST_F(PatientWithSpecifications, WaitsForOneThatIsSlowAsUsual) {
  slow->evaluation_takes[PoolName{"slow"}] = 6s;
  const auto test = [this]() -> io::Task<void> {
    for (int pass = 0; pass < 3; ++pass) EXPECT_EQ(co_await specification("slow"), "hash");
  };
  clock.run(test());
}

TEST_F(PatientWithSpecifications, DoesNotTakeAnAnswerAboutOtherSettings) {
  slow->evaluation_takes[PoolName{"p"}] = 20s;
  const auto test = [this]() -> io::Task<void> {
    std::ignore = co_await specification("p", "old");
    co_await clock.sleep_for(20s);
    slow->evaluation_takes[PoolName{"p"}] = 1s;
    EXPECT_EQ(co_await specification("p", "new"), "hashnew");
  };
  clock.run(test());
}

}  // namespace
}  // namespace hydra_provisioner::providers
