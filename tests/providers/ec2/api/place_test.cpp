#include "providers/ec2/api/place.hpp"

#include <gtest/gtest.h>

namespace hydra_provisioner::providers::ec2 {
namespace {

TEST(Places, HaveTheirUrls) {
  EXPECT_EQ(url_of({"eu-west-1", ""}), "https://ec2.eu-west-1.amazonaws.com/");
  EXPECT_EQ(url_of({"cn-north-1", ""}), "https://ec2.cn-north-1.amazonaws.com.cn/");
  EXPECT_EQ(url_of({"x", "http://127.0.0.1:5000"}), "http://127.0.0.1:5000/");
  EXPECT_EQ(url_of({"x", "http://127.0.0.1:5000/"}), "http://127.0.0.1:5000/");
}

TEST(Places, AreInTheIdsOfInstances) {
  const InstanceId id = instance_id({"eu-west-1", ""}, "i-0abc");
  EXPECT_EQ(id.text, "eu-west-1/i-0abc");
  EXPECT_EQ(region_of(id), "eu-west-1");
  EXPECT_EQ(ec2_id_of(id), "i-0abc");
  EXPECT_EQ(region_of(InstanceId{"i-0abc"}), "");
  EXPECT_EQ(ec2_id_of(InstanceId{}), "");
}

}  // namespace
}  // namespace hydra_provisioner::providers::ec2
