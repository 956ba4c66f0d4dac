#include "model/plan.hpp"

#include <gtest/gtest.h>

namespace hydra_provisioner {
namespace {

const MachineId machine{"hydra-provisioned-1"};
const PoolName pool{"x86_64-linux"};

TEST(Actions, AreNamedAsInThePlansJson) {
  EXPECT_EQ(to_string(ActionKind::create), "create");
  EXPECT_EQ(to_string(ActionKind::start), "start");
  EXPECT_EQ(to_string(ActionKind::drain), "drain");
  EXPECT_EQ(to_string(ActionKind::undrain), "undrain");
  EXPECT_EQ(to_string(ActionKind::stop), "stop");
  EXPECT_EQ(to_string(ActionKind::destroy), "destroy");
  EXPECT_EQ(to_string(ActionKind::redeploy), "redeploy");
  EXPECT_EQ(to_string(ActionKind::keep), "keep");
}

TEST(Plans, ChangeSomethingUnlessEverythingIsKept) {
  Plan plan;
  EXPECT_FALSE(has_changes(plan));
  plan.actions.push_back({.kind = ActionKind::keep, .machine = machine, .pool = pool, .reason = {}});
  EXPECT_FALSE(has_changes(plan));
  plan.actions.push_back({.kind = ActionKind::undrain, .machine = machine, .pool = pool, .reason = {}});
  EXPECT_TRUE(has_changes(plan));
}

}  // namespace
}  // namespace hydra_provisioner
