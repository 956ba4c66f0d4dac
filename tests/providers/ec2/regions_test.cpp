#include "providers/ec2/regions.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hydra_provisioner::providers::ec2 {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Ec2Settings of_two_regions() {
  Ec2Settings settings;
  settings.instance_types = {"big"};
  settings.regions = {{.region = "eu-west-1",
                       .endpoint = "http://one",
                       .image = "ami-1",
                       .subnets = {"subnet-1"},
                       .security_groups = {"sg-1"},
                       .key_pair = "key",
                       .event_queue = "http://queue"},
                      {.region = "us-east-1", .launch_template = "lt-1", .launch_template_version = "3"}};
  return settings;
}

TEST(Regions, HaveSettingsOfTheirOwn) {
  const auto all = by_region(of_two_regions());
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(place_of(all[0]), (Place{"eu-west-1", "http://one"}));
  EXPECT_EQ(all[0].image, "ami-1");
  EXPECT_THAT(all[0].subnets, ElementsAre("subnet-1"));
  EXPECT_THAT(all[0].security_groups, ElementsAre("sg-1"));
  EXPECT_EQ(all[0].key_pair, "key");
  EXPECT_EQ(all[0].event_queue, "http://queue");
  EXPECT_EQ(all[1].launch_template, "lt-1");
  EXPECT_EQ(all[1].launch_template_version, "3");
  EXPECT_THAT(all[1].subnets, IsEmpty());
  EXPECT_THAT(all[1].instance_types, ElementsAre("big"));
  EXPECT_THAT(all[1].regions, IsEmpty());
}

TEST(Regions, AreOneOrNoneWithoutAList) {
  Ec2Settings one;
  EXPECT_THAT(by_region(one), IsEmpty());
  one.region = "eu-west-1";
  EXPECT_EQ(by_region(one).at(0).region, "eu-west-1");
}

TEST(Regions, ThatAreNotInTheListAnyMoreCountAsTheFirst) {
  EXPECT_EQ(in_region(of_two_regions(), "us-east-1").region, "us-east-1");
  EXPECT_EQ(in_region(of_two_regions(), "us-east-2").region, "eu-west-1");
  EXPECT_EQ(in_region({}, "us-east-2").region, "");
}

}  // namespace
}  // namespace hydra_provisioner::providers::ec2
