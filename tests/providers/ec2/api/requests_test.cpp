#include "providers/ec2/api/requests.hpp"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hydra_provisioner::providers::ec2 {
namespace {

using testing::HasSubstr;
using testing::Not;

Ec2Settings settings() {
  Ec2Settings settings;
  settings.region = "eu-west-1";
  settings.image = "ami-1";
  settings.instance_types = {"c7a.large"};
  return settings;
}

const Identity identity{.tag = Tag{"t"},
                        .machine = MachineId{"t-0"},
                        .owner = {},
                        .pool = PoolName{"x86_64-linux:a,b"},
                        .specification = "hash",
                        .host_key = "ssh-ed25519 AAAA+/=",
                        .user_data = "data"};

std::string request(const Ec2Settings& settings,
                    const Offering& offering = {.instance_type = "c7a.large", .subnet = {}}) {
  return run_instances(settings, identity, offering, "token");
}

TEST(Form, EscapesAllButUnreservedCharacters) {
  EXPECT_EQ(Form("X").add("Name", "aZ09-_.~ +/=&%\n\xc3\xa4").body(),
            "Action=X&Version=2016-11-15&Name=aZ09-_.~%20%2B%2F%3D%26%25%0A%C3%A4");
  EXPECT_EQ(action_of(Form("RunInstances").body()), "RunInstances");
  EXPECT_EQ(action_of("nothing"), "");
}

TEST(Requests, AskForOneMachineWithItsToken) {
  const std::string body = request(settings());
  EXPECT_THAT(body, HasSubstr("&MinCount=1&MaxCount=1&ClientToken=token&InstanceType=c7a.large&ImageId=ami-1&"));
  EXPECT_THAT(body, HasSubstr("&MetadataOptions.HttpTokens=required&"));
  EXPECT_THAT(body, HasSubstr("&InstanceInitiatedShutdownBehavior=terminate&"));
  EXPECT_THAT(body, HasSubstr("&UserData=ZGF0YQ%3D%3D&"));
  EXPECT_THAT(body, HasSubstr(".Key=hydra-provisioner%3Apool&TagSpecification.1.Tag.5.Value=x86_64-linux%3Aa%2Cb&"));
  EXPECT_THAT(body, HasSubstr("TagSpecification.2.ResourceType=volume"));
  EXPECT_THAT(body, Not(HasSubstr("TagSpecification.3")));
  EXPECT_THAT(body, Not(HasSubstr("InstanceMarketOptions")));
}

TEST(Requests, NoteTheOwnerAndLookForNothingOfAnotherOne) {
  Identity owned = identity;
  owned.owner = Owner{"us"};
  EXPECT_THAT(run_instances(settings(), owned, {.instance_type = "c7a.large", .subnet = {}}, "token"),
              HasSubstr(".Key=hydra-provisioner%3Aowner&TagSpecification.2.Tag.5.Value=us&"));
  EXPECT_THAT(request(settings()), Not(HasSubstr("owner")));
  for (const std::string& body : {describe_instances_of(Tag{"t"}, MachineId{"t-0"}, Owner{"us"}),
                                  describe_volumes_of(Tag{"t"}, MachineId{"t-0"}, Owner{"us"})})
    EXPECT_THAT(body, HasSubstr("&Filter.3.Name=tag%3Ahydra-provisioner%3Aowner&Filter.3.Value.1=us"));
  EXPECT_THAT(describe_instances_of(Tag{"t"}, MachineId{"t-0"}, Owner{}), Not(HasSubstr("Filter.3")));
}

TEST(Requests, AreTheSameForTheSameMachine) { EXPECT_EQ(request(settings()), request(settings())); }

TEST(Requests, AskForAPublicAddressAtANetworkInterface) {
  Ec2Settings in_subnet = settings();
  in_subnet.security_groups = {"sg-1", "sg-2"};
  const Offering offering{.instance_type = "c7a.large", .subnet = "subnet-1"};
  EXPECT_THAT(request(in_subnet, offering),
              HasSubstr("&NetworkInterface.1.DeviceIndex=0&NetworkInterface.1.AssociatePublicIpAddress=true&"
                        "NetworkInterface.1.SubnetId=subnet-1&NetworkInterface.1.SecurityGroupId.1=sg-1&"
                        "NetworkInterface.1.SecurityGroupId.2=sg-2&"));
  in_subnet.has_public_address = false;
  EXPECT_THAT(request(in_subnet, offering), HasSubstr("&SubnetId=subnet-1&SecurityGroupId.1=sg-1&SecurityGroupId.2="));
}

TEST(Requests, NameAProfileByNameOrArn) {
  Ec2Settings with_profile = settings();
  with_profile.iam_profile = "builder";
  EXPECT_THAT(request(with_profile), HasSubstr("&IamInstanceProfile.Name=builder&"));
  with_profile.iam_profile = "arn:aws:iam::1:instance-profile/builder";
  EXPECT_THAT(request(with_profile), HasSubstr("&IamInstanceProfile.Arn=arn%3Aaws"));
}

TEST(Requests, CannotOverrideOurTags) {
  Ec2Settings with_tags = settings();
  with_tags.tags = {{"hydra-provisioner", "other"}};
  EXPECT_THAT(request(with_tags), Not(HasSubstr("Value=other")));
}

TEST(Requests, AskForThePricesInForceNow) {
  EXPECT_EQ(describe_spot_prices({"a", "b"}, from_unix(1795628028), "next"),
            "Action=DescribeSpotPriceHistory&Version=2016-11-15&InstanceType.1=a&InstanceType.2=b&"
            "ProductDescription.1=Linux%2FUNIX&StartTime=2026-11-25T17%3A33%3A48Z&EndTime=2026-11-25T17%3A33%3A48Z&"
            "NextToken=next");
}

TEST(Requests, AskForTheSizesOfInstanceTypes) {
  EXPECT_EQ(describe_instance_types({"a", "b"}, ""),
            "Action=DescribeInstanceTypes&Version=2016-11-15&Filter.1.Name=instance-type&Filter.1.Value.1=a&"
            "Filter.1.Value.2=b");
}

TEST(Requests, AskAFleetForAnyOfSeveralOfferings) {
  Ec2Settings by_template = settings();
  by_template.launch_template = "builder";
  by_template.launch_template_version = "$Default";
  const std::string body =
      create_fleet(by_template, identity, {{Market::spot, "a", "subnet-1"}, {Market::spot, "b", ""}}, "token");
  EXPECT_THAT(body, HasSubstr("&Type=instant&ClientToken=token&TargetCapacitySpecification.TotalTargetCapacity=1&"
                              "TargetCapacitySpecification.DefaultTargetCapacityType=spot&"
                              "SpotOptions.AllocationStrategy=price-capacity-optimized&"));
  EXPECT_THAT(body, HasSubstr(".LaunchTemplateName=builder&"));
  EXPECT_THAT(body, HasSubstr("LaunchTemplateSpecificationUserData=ZGF0YQ%3D%3D&"));
  EXPECT_THAT(body, HasSubstr("Overrides.1.InstanceType=a&LaunchTemplateConfigs.1.Overrides.1.SubnetId=subnet-1&"
                              "LaunchTemplateConfigs.1.Overrides.2.InstanceType=b&"));
  by_template.launch_template = "lt-1";
  EXPECT_THAT(create_fleet(by_template, identity, {{Market::on_demand, "a", ""}}, "token"),
              HasSubstr(".LaunchTemplateId=lt-1&"));
}

}  // namespace
}  // namespace hydra_provisioner::providers::ec2
