#include "providers/host_bound.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fakes/chronicle.hpp"
#include "tests/fakes/fake_clock.hpp"
#include "tests/fakes/fake_provider.hpp"

namespace hydra_provisioner::providers {
namespace {

using testing::ElementsAre;
using testing::Pair;

PoolConfig pool(const std::string& name, std::string host) {
  PoolConfig pool;
  pool.name = PoolName{name};
  pool.host = std::move(host);
  return pool;
}

// What alpha sees of the pools `own`, `other` and `both`.
Inventory seen_by_alpha(std::vector<Instance> instances) {
  fakes::Chronicle chronicle;
  fakes::FakeClock clock;
  auto fake = std::make_unique<fakes::FakeProvider>(clock, chronicle);
  for (Instance& instance : instances) fake->machines[instance.machine] = std::move(instance);
  HostBound bound(std::move(fake), "alpha");
  return clock.run(bound.list({.pools = {pool("own", "alpha"), pool("other", "beta"), pool("both", "any")}})).value();
}

TEST(HostBound, HasNotSeenTheMachinesOfAnotherHost) {
  EXPECT_THAT(seen_by_alpha({}).unseen,
              ElementsAre(Pair(PoolName{"other"}, "only beta can look after its machines, and alpha leads now")));
}

TEST(HostBound, ShowsNoneOfThemEither) {
  Instance other = fakes::FakeProvider::instance(MachineId{"t-1"});
  other.pool = PoolName{"other"};
  Instance own = fakes::FakeProvider::instance(MachineId{"t-2"});
  own.pool = PoolName{"own"};
  const Inventory seen = seen_by_alpha({other, own});
  std::vector<std::string> machines;
  for (const Instance& instance : seen.instances) machines.push_back(instance.machine.text);
  EXPECT_THAT(machines, ElementsAre("t-2"));
}

}  // namespace
}  // namespace hydra_provisioner::providers
