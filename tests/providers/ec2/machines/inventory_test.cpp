#include "providers/ec2/machines/inventory.hpp"

#include <gtest/gtest.h>

namespace hydra_provisioner::providers::ec2 {
namespace {

TEST(Ec2Instances, AreOutdatedIfTheirInstanceTypeIsNoLongerAllowed) {
  Ec2Instance seen{.id = "i-1", .type = "c5.large", .state = Ec2State::running, .public_address = "198.51.100.1"};
  seen.tags = {{"hydra-provisioner:specification", "hash"}, {"hydra-provisioner:machine", "t-0"}};
  PoolKnowledge pool;
  pool.settings.instance_types = {"c5.large"};
  EXPECT_EQ(as_instance(seen, {"eu-west-1", ""}, pool).spec_hash, "hash");
  pool.settings.instance_types = {"c7a.large"};
  EXPECT_EQ(as_instance(seen, {"eu-west-1", ""}, pool).spec_hash, "hash on c5.large");
}

TEST(Ec2Instances, HaveTheConfiguredKindOfAddress) {
  const Ec2Instance seen{.id = "i-1", .public_address = "198.51.100.1", .private_address = "10.0.0.1"};
  PoolKnowledge pool;
  EXPECT_EQ(as_instance(seen, {"x", ""}, pool).address, "198.51.100.1");
  pool.settings.has_public_address = false;
  EXPECT_EQ(as_instance(seen, {"x", ""}, pool).address, "10.0.0.1");
}

TEST(Ec2Instances, BuildAsManyStepsAsTheyHaveProcessors) {
  Ec2Instance seen{.id = "i-1", .type = "c5.large"};
  PoolKnowledge pool;
  EXPECT_EQ(as_instance(seen, {"x", ""}, pool).max_jobs, 0) << "not known";
  pool.vcpus["c5.large"] = 2;
  EXPECT_EQ(as_instance(seen, {"x", ""}, pool).max_jobs, 2);
  seen.vcpus = 1;
  EXPECT_EQ(as_instance(seen, {"x", ""}, pool).max_jobs, 1) << "this one was made with fewer";
}

TEST(Ec2Instances, DistinguishAnInterruptionFromAnotherEnd) {
  EXPECT_TRUE(was_interrupted({.id = "i-1", .reason = "Server.SpotInstanceTermination"}));
  EXPECT_FALSE(was_interrupted({.id = "i-1", .reason = "Client.UserInitiatedShutdown"}));
}

}  // namespace
}  // namespace hydra_provisioner::providers::ec2
