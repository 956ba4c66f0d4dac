#include "providers/failure_class.hpp"

#include <string>

#include <gtest/gtest.h>

namespace hydra_provisioner::providers {
namespace {

std::string class_of(ProviderKind provider, const std::string& message, ErrorKind kind = ErrorKind::failed) {
  return std::string(to_string(failure_class(provider, {message, kind})));
}

TEST(FailureClass, OfEc2FollowsFromItsCode) {
  const auto of = [](const std::string& message) { return class_of(ProviderKind::ec2, message); };
  EXPECT_EQ(of("EC2 in eu-west-1: InsufficientInstanceCapacity: none left"), "capacity");
  EXPECT_EQ(of("EC2 in eu-west-1: VcpuLimitExceeded: too many"), "quota");
  EXPECT_EQ(of("EC2 in eu-west-1: UnauthorizedOperation: no"), "config");
  EXPECT_EQ(of("EC2 in eu-west-1: InvalidAMIID.NotFound: no such image"), "config");
  EXPECT_EQ(of("ended: Server.InsufficientInstanceCapacity: no capacity"), "capacity");
  EXPECT_EQ(of("EC2 in eu-west-1: InternalError: try again"), "other");
}

TEST(FailureClass, OfExecIsTheOneThatItsProgramGave) {
  const auto of = [](const std::string& message, ErrorKind kind) {
    return class_of(ProviderKind::exec, message, kind);
  };
  EXPECT_EQ(of("provider: no capacity: none left", ErrorKind::no_capacity), "capacity");
  EXPECT_EQ(of("provider: quota reached: ten are enough", ErrorKind::no_capacity), "quota");
  EXPECT_EQ(of("provider: its settings are wrong: no such size", ErrorKind::failed), "config");
  EXPECT_EQ(of("provider: the cloud is slow", ErrorKind::failed), "other");
}

TEST(FailureClass, OfNixopsFollowsFromWhatItPrints) {
  const auto of = [](const std::string& message) { return class_of(ProviderKind::nixops, message); };
  EXPECT_EQ(of("quota: EC2 says InstanceLimitExceeded; NixOps was ended"), "quota");
  EXPECT_EQ(of("nixops deploy exited with 1: \"undefined variable 'pkgs'\""), "config");
  EXPECT_EQ(of("nixops deploy exited with 1: \"unable to start SSH master\""), "other");
}

TEST(FailureClass, FollowsFromTheKindOtherwise) {
  EXPECT_EQ(class_of(ProviderKind::local, "not finished within 10 s", ErrorKind::timed_out), "boot");
  EXPECT_EQ(class_of(ProviderKind::local, "sshd is missing", ErrorKind::refused), "config");
  EXPECT_EQ(class_of(ProviderKind::ec2, "nothing is requested now", ErrorKind::no_capacity), "capacity");
  EXPECT_EQ(class_of(ProviderKind::local, "anything"), "other");
}

}  // namespace
}  // namespace hydra_provisioner::providers
