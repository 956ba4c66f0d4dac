#include "model/plan.hpp"

#include <gtest/gtest.h>

namespace hydra_provisioner {
namespace {

const MachineId machine{"hydra-provisioned-1"};
const PoolName pool{"x86_64-linux"};

TEST(Actions, AreNamedAsInThePlansJson) {
  EXPECT_EQ(name_of(Create{machine, pool, {}}), "create");
  EXPECT_EQ(name_of(Start{machine, pool, {}}), "start");
  EXPECT_EQ(name_of(Drain{machine, pool, {}}), "drain");
  EXPECT_EQ(name_of(Undrain{machine, pool, {}}), "undrain");
  EXPECT_EQ(name_of(Stop{machine, pool, {}}), "stop");
  EXPECT_EQ(name_of(Destroy{machine, pool, {}}), "destroy");
  EXPECT_EQ(name_of(Keep{machine, pool, {}}), "keep");
}

TEST(Actions, SayOnWhatAndWhy) {
  const Action action = Drain{machine, pool, {"surplus", from_unix(9)}};
  EXPECT_EQ(machine_of(action), machine);
  EXPECT_EQ(pool_of(action), pool);
  EXPECT_EQ(reason_of(action).text, "surplus");
  EXPECT_EQ(reason_of(action).until, from_unix(9));
}

TEST(Plans, ChangeSomethingUnlessEverythingIsKept) {
  Plan plan;
  EXPECT_FALSE(has_changes(plan));
  plan.actions.emplace_back(Keep{machine, pool, {}});
  EXPECT_FALSE(has_changes(plan));
  plan.actions.emplace_back(Undrain{machine, pool, {}});
  EXPECT_TRUE(has_changes(plan));
}

}  // namespace
}  // namespace hydra_provisioner
