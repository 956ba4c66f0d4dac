#include "providers/joining.hpp"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temporary_folder.hpp"

namespace hydra_provisioner::providers {
namespace {

using testing::ElementsAre;
using testing::EndsWith;

const MachineId seven{"t-7"};

PoolConfig joining_pool(const std::string& token_file = "") {
  PoolConfig pool;
  pool.name = PoolName{"x86_64-linux:kvm"};
  pool.type = {.systems = {"x86_64-linux", "i686-linux"}, .supported_features = {"kvm"}, .mandatory_features = {"kvm"}};
  pool.max_jobs = 4;
  pool.builder_endpoint = "https://queue.example.org:50051";
  pool.builder_token_file = token_file;
  return pool;
}

TEST(JoiningOf, APoolWithoutAnEndpointIsNone) {
  EXPECT_EQ(joining_of(PoolConfig{}, seven).value().has_value(), false);
  EXPECT_EQ(part_of_specification(PoolConfig{}), "");
}

TEST(JoiningOf, AMachineIsWhatItsPoolSays) {
  const support::TemporaryFolder folder;
  std::ofstream(folder.path + "/token") << "secret\n";
  const auto joining = joining_of(joining_pool(folder.path + "/token"), seven);
  ASSERT_TRUE(joining) << joining.error().message;
  EXPECT_THAT(
      lines_of(**joining),
      ElementsAre("HYDRA_BUILDER_NAME:t-7", "HYDRA_BUILDER_POOL:x86_64-linux:kvm",
                  "HYDRA_BUILDER_ENDPOINT:https://queue.example.org:50051",
                  "HYDRA_BUILDER_SYSTEMS:i686-linux,x86_64-linux", "HYDRA_BUILDER_SUPPORTED_FEATURES:kvm",
                  "HYDRA_BUILDER_MANDATORY_FEATURES:kvm", "HYDRA_BUILDER_MAX_JOBS:4", "HYDRA_BUILDER_TOKEN:secret"));
}

TEST(JoiningOf, AMachineWithoutATokenHasACertificate) {
  EXPECT_THAT(lines_of(*joining_of(joining_pool(), seven).value()).back(), "HYDRA_BUILDER_MAX_JOBS:4");
}

TEST(JoiningOf, AMachineWhoseTokenIsMissingIsRefused) {
  const support::TemporaryFolder folder;
  const std::string file = folder.path + "/token";
  EXPECT_EQ(joining_of(joining_pool(file), seven).error().message, "builderTokenFile: " + file + ": no such file");
  std::ofstream(file) << " \n";
  EXPECT_THAT(joining_of(joining_pool(file), seven).error().message, EndsWith("expected one line with a token"));
  std::ofstream(file) << "a\nb\n";
  EXPECT_THAT(joining_of(joining_pool(file), seven).error().message, EndsWith("expected one line with a token"));
}

}  // namespace
}  // namespace hydra_provisioner::providers
