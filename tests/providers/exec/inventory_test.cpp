#include "providers/exec/inventory.hpp"

#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include "tests/support/usual.hpp"

namespace hydra_provisioner::providers::exec {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

using support::plain;
const PoolName kvm("x86_64-linux:kvm");
const PoolName retired("armv7l-linux");

Instance machine(const std::string& id, const PoolName& pool) {
  return {.id = InstanceId(id),
          .machine = MachineId(id),
          .pool = pool,
          .state = InstanceState::running,
          .address = {},
          .host_key = {},
          .launched_at = {}};
}

Inventory listed(std::vector<Instance> machines) { return {.instances = std::move(machines)}; }

std::vector<std::string> ids_of(const Inventory& inventory) {
  std::vector<std::string> ids;
  for (const Instance& instance : inventory.instances) ids.push_back(instance.machine.text);
  return ids;
}

TEST(ExecInventory, HasTheMachinesThatEachProgramListsForItsPools) {
  const Inventory all = inventory_of(Tag("t"), {{{plain}, listed({machine("t-1", plain), machine("t-2", kvm)})},
                                                {{kvm}, listed({machine("t-2", kvm), machine("t-3", kvm)})}});
  EXPECT_THAT(ids_of(all), ElementsAre("t-1", "t-2", "t-3"));
  EXPECT_THAT(all.unseen, IsEmpty());
}

TEST(ExecInventory, IgnoresOtherTags) {
  const Inventory all =
      inventory_of(Tag("t"), {{{plain},
                               listed({machine("web", plain), machine("tt-1", plain), machine("t-x", plain),
                                       machine("t-1-0", plain), machine("", plain), machine("t-7", plain)})}});
  EXPECT_THAT(ids_of(all), ElementsAre("t-7"));
}

TEST(ExecInventory, KeepsOtherPoolsWhenOneProgramFails) {
  const Inventory all = inventory_of(
      Tag("t"), {{{plain}, failure("it hangs")}, {{kvm}, listed({machine("t-2", kvm), machine("t-1", plain)})}});
  EXPECT_THAT(ids_of(all), ElementsAre("t-2"));
  EXPECT_THAT(all.unseen, ElementsAre(Pair(plain, "it hangs; its machines are left alone")));
}

TEST(ExecInventory, FindsMachinesOfPoolsWithoutAProgram) {
  const Inventory all = inventory_of(
      Tag("t"), {{{plain}, listed({machine("t-1", retired)})}, {{kvm}, listed({machine("t-1", retired)})}});
  EXPECT_THAT(ids_of(all), ElementsAre("t-1"));
  EXPECT_EQ(all.instances.front().pool, retired);
}

TEST(ExecInventory, LeavesPoolsAloneWhoseMachinesHaveTheSameId) {
  const Inventory all = inventory_of(Tag("t"), {{{plain}, listed({machine("t-1", plain), machine("t-2", plain)})},
                                                {{kvm}, listed({machine("t-1", kvm)})}});
  EXPECT_THAT(all.instances, IsEmpty());
  const std::string why =
      "both x86_64-linux and x86_64-linux:kvm have a machine t-1; remove one of them; its machines are left alone";
  EXPECT_THAT(all.unseen, ElementsAre(Pair(plain, why), Pair(kvm, why)));
}

}  // namespace
}  // namespace hydra_provisioner::providers::exec
