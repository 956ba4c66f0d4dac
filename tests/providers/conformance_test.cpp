// The local provider passes all points, and the points notice providers with faults.
#include "providers/conformance.hpp"

#include <map>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/providers/local/machines.hpp"

namespace hydra_provisioner::providers {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

class Conformance : public local::LocalMachines {
 protected:
  // The points that the provider does not pass, `POINT: WHY`.
  std::vector<std::string> complaints(Provider& provider) {
    std::vector<std::string> found;
    support::await(try_life_cycle(provider, Tag("t"), pool, clock, [&](std::string_view point, const Verdict& verdict) {
      if (verdict.outcome != Verdict::Outcome::passed) found.push_back(std::string(point) + ": " + verdict.why);
    }));
    return found;
  }

  local::LocalProvider local{Tag("t"), state_dir, clock};
};

// A provider with a fault, which a test adds.
class Flawed : public Provider {
 public:
  explicit Flawed(Provider& sound) : sound_(sound) {}

  io::Task<Expected<Inventory>> list(ListRequest request) override { return sound_.list(std::move(request)); }
  io::Task<Expected<std::string>> specification(PoolConfig pool) override {
    return sound_.specification(std::move(pool));
  }
  io::Task<Expected<Instance>> create(MachineRef target, PoolConfig pool) override {
    return sound_.create(target, pool);
  }
  io::Task<Expected<Instance>> start(MachineRef target, PoolConfig pool) override { return sound_.start(target, pool); }
  io::Task<Expected<void>> stop(MachineRef target, PoolConfig pool) override { return sound_.stop(target, pool); }
  io::Task<Expected<void>> destroy(MachineRef target, PoolConfig pool) override { return sound_.destroy(target, pool); }
  io::Task<Expected<void>> ready(Instance instance, PoolConfig pool) override { return sound_.ready(instance, pool); }

 protected:
  Provider& sound_;
};

TEST_F(Conformance, TheLocalProviderPasses) {
  EXPECT_THAT(complaints(local), ElementsAre("lists the owner of a machine: it does not list owners",
                                             "destroys no machine of another owner: it does not list owners",
                                             "reports that a working machine is fine: its machines need no upkeep"));
}

TEST_F(Conformance, FailsWithoutMachines) {
  struct Unable : Flawed {
    using Flawed::Flawed;
    io::Task<Expected<Instance>> create(MachineRef, PoolConfig) override { co_return failure("no"); }
  } unable(local);
  const auto found = complaints(unable);
  ASSERT_THAT(found, Not(IsEmpty()));
  EXPECT_THAT(found.front(), StartsWith("creates two machines at the same time: t-"));
}

TEST_F(Conformance, NoticesAProviderThatForgetsAMachine) {
  struct Forgetful : Flawed {
    using Flawed::Flawed;
    io::Task<Expected<Inventory>> list(ListRequest request) override {
      auto inventory = co_await sound_.list(std::move(request));
      std::erase_if(inventory->instances, [](const Instance& instance) { return instance.machine.text == "t-1"; });
      co_return inventory;
    }
  } forgetful(local);
  EXPECT_THAT(complaints(forgetful),
              ElementsAre("creates a machine only once when asked twice: 1 machine exists, not 2",
                          "lists its machines as it created them: t-1 is not listed",
                          "lists the owner of a machine: it does not list owners",
                          "destroys no machine of another owner: it does not list owners",
                          "reports that a working machine is fine: its machines need no upkeep",
                          "destroys one machine and keeps the other: t-1 is gone, too"));
}

TEST_F(Conformance, NoticesAProviderThatMakesAnotherMachineEachTime) {
  struct Eager : Flawed {
    using Flawed::Flawed;
    io::Task<Expected<Instance>> create(MachineRef target, PoolConfig pool) override {
      if (target.machine.text == "t-0" && times_++ > 0) target.machine = MachineId("t-5");
      auto made = co_await sound_.create(target, pool);
      made->machine = MachineId("t-0");
      co_return made;
    }
    int times_ = 0;
  } eager(local);
  const auto found = complaints(eager);
  EXPECT_THAT(found.front(), StartsWith("creates a machine only once when asked twice: asked again, it returns "
                                        "another machine: it is \"t-5\", not \"t-0\""));
  EXPECT_THAT(found.back(), StartsWith("leaves nothing behind: lists t-5"));
}

TEST_F(Conformance, NoticesAProviderThatDestroysNothing) {
  struct Keeper : Flawed {
    using Flawed::Flawed;
    io::Task<Expected<void>> destroy(MachineRef, PoolConfig) override { co_return Expected<void>{}; }
  } keeper(local);
  EXPECT_THAT(complaints(keeper), ElementsAre("lists the owner of a machine: it does not list owners",
                                              "destroys no machine of another owner: it does not list owners",
                                              "reports that a working machine is fine: its machines need no upkeep",
                                              "destroys one machine and keeps the other: t-0 is still listed",
                                              "leaves nothing behind: lists t-0, which was never requested"));
}

}  // namespace
}  // namespace hydra_provisioner::providers
