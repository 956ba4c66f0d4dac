#include <string>
#include <variant>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "config/load.hpp"
#include "io/text/json.hpp"

namespace hydra_provisioner::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// The smallest settings with these changes; null removes an option.
io::Json settings(const io::Json& changes) {
  io::Json ec2{{"region", "eu-west-1"}, {"image", "ami-1"}, {"instanceTypes", {"c7a.large"}}};
  ec2.merge_patch(changes);
  return {{"systemTypes", {{"x86_64-linux", {{"ec2", ec2}}}}}};
}

Ec2Settings read(const io::Json& changes) {
  const auto config = read_config("conf.nix", settings(changes), {});
  EXPECT_TRUE(config) << io::Json(config.error());
  return std::get<Ec2Settings>(config->pools.at(PoolName{"x86_64-linux"}).provider);
}

// The only error, without the beginning that all errors have.
std::string error_of_changes(const io::Json& changes) {
  const auto config = read_config("conf.nix", settings(changes), {});
  if (config) return "none";
  const std::string start = "conf.nix: systemTypes.x86_64-linux.ec2";
  const std::string error = config.error().front();
  if (config.error().size() != 1 || !error.starts_with(start)) return io::Json(config.error()).dump();
  return error.substr(start.size());
}

TEST(Ec2Options, HaveDefaults) {
  const Ec2Settings defaults = read(io::Json::object());
  EXPECT_EQ(defaults.region, "eu-west-1");
  EXPECT_EQ(defaults.image, "ami-1");
  EXPECT_THAT(defaults.instance_types, ElementsAre("c7a.large"));
  EXPECT_THAT(defaults.subnets, IsEmpty());
  EXPECT_EQ(defaults.capacity, Ec2Capacity::on_demand);
  EXPECT_EQ(defaults.root_volume_gib, 0);
  EXPECT_EQ(defaults.root_device, "/dev/xvda");
  EXPECT_TRUE(defaults.has_public_address);
  EXPECT_EQ(defaults.ssh_user, "") << "that of the type";
  EXPECT_EQ(defaults.leak_grace, std::nullopt);
  EXPECT_EQ(defaults.endpoint, "");
}

TEST(Ec2Options, ChooseByPriceOnlyAmongSpotInstances) {
  EXPECT_EQ(read({{"capacity", "spot"}, {"choose", "cheapest"}}).choose, Ec2Choice::cheapest);
  EXPECT_EQ(read({{"choose", "order"}}).choose, Ec2Choice::order);
  EXPECT_EQ(error_of_changes({{"choose", "cheapest"}}),
            R"(.choose: only spot prices are known; add capacity = "spot-first" or "spot", or remove it)");
  EXPECT_EQ(error_of_changes({{"capacity", "spot"}, {"choose", "cheap"}}),
            R"(.choose: "cheap" is not "order" or "cheapest")");
  EXPECT_EQ(
      error_of_changes({{"image", nullptr}, {"launchTemplate", "t"}, {"capacity", "spot"}, {"choose", "cheapest"}}),
      ".choose: with launchTemplate, EC2 chooses by price and capacity itself; remove it");
}

io::Json of_regions(const io::Json& regions) { return {{"region", nullptr}, {"image", nullptr}, {"regions", regions}}; }

TEST(Ec2Regions, AreRead) {
  io::Json changes = of_regions({{{"region", "eu-west-1"}, {"image", "ami-1"}, {"subnets", {"subnet-1"}}},
                                 {{"region", "us-east-1"}, {"image", "ami-2"}, {"keyPair", "mine"}}});
  changes["keyPair"] = "all";
  const Ec2Settings settings = read(changes);
  EXPECT_EQ(settings.region, "");
  ASSERT_EQ(settings.regions.size(), 2U);
  EXPECT_EQ(settings.regions[0].region, "eu-west-1");
  EXPECT_EQ(settings.regions[0].image, "ami-1");
  EXPECT_THAT(settings.regions[0].subnets, ElementsAre("subnet-1"));
  EXPECT_EQ(settings.regions[0].key_pair, "all");
  EXPECT_EQ(settings.regions[1].key_pair, "mine");
}

TEST(Ec2Regions, ShareALaunchTemplate) {
  io::Json changes = of_regions({{{"region", "eu-west-1"}}, {{"region", "us-east-1"}, {"launchTemplateVersion", "7"}}});
  changes["launchTemplate"] = "builder";
  const Ec2Settings settings = read(changes);
  EXPECT_EQ(settings.regions.at(0).launch_template, "builder");
  EXPECT_EQ(settings.regions.at(0).launch_template_version, "$Default");
  EXPECT_EQ(settings.regions.at(1).launch_template_version, "7");
}

TEST(Ec2Regions, AreCheckedOneByOne) {
  const io::Json good{{"region", "eu-west-1"}, {"image", "ami-1"}};
  EXPECT_EQ(error_of_changes(of_regions({good, {{"region", "us-east-1"}}})),
            R"(.regions element 2: no image; add one, such as image = "ami-…";, or a launchTemplate)");
  EXPECT_EQ(error_of_changes(of_regions({{{"image", "ami-1"}}})),
            R"(.regions element 1: no region; add one, such as region = "eu-west-1";)");
  EXPECT_EQ(error_of_changes(of_regions({good, good})),
            R"(.regions element 2: "eu-west-1" is in the list before; keep one of them)");
  EXPECT_EQ(error_of_changes(of_regions(io::Json::array())),
            ".regions: no region in the list; add one, or give region instead");
  EXPECT_EQ(error_of_changes(of_regions({{{"region", "a/b"}, {"image", "ami-1"}}})),
            R"(.regions element 1.region: not the name of a region, such as "eu-west-1")");
  EXPECT_THAT(error_of_changes(of_regions({{{"region", "a"}, {"image", "b"}, {"imag", "c"}}})), HasSubstr("imag"));
}

TEST(Ec2Regions, ShareNothingThatOnlyOneRegionHas) {
  const io::Json good{{"region", "eu-west-1"}, {"image", "ami-1"}};
  io::Json both = of_regions(io::Json::array({good}));
  both["region"] = "eu-west-1";
  EXPECT_EQ(error_of_changes(both), ".regions: region is given, too; keep one of them");
  io::Json changes = of_regions(io::Json::array({good}));
  changes["image"] = "ami-1";
  EXPECT_EQ(error_of_changes(changes), ".image: is of one region; give it in each of the regions");
}

TEST(Ec2Options, LeaveTheNumberOfStepsToEachMachine) {
  io::Json all = settings(io::Json::object());
  all["systemTypes"]["x86_64-linux"]["maxJobs"] = "auto";
  const auto config = read_config("conf.nix", all, {});
  ASSERT_TRUE(config) << io::Json(config.error());
  const PoolConfig& pool = config->pools.at(PoolName{"x86_64-linux"});
  EXPECT_TRUE(pool.jobs_by_machine);
  EXPECT_EQ(pool.max_jobs, 1);
  EXPECT_TRUE(std::get<Ec2Settings>(pool.provider).compares_vcpus);
  all["systemTypes"]["x86_64-linux"]["builderEndpoint"] = "http://queue:1";
  all["queue"] = {{"type", "hydra-rust"}};
  EXPECT_THAT(io::Json(read_config("conf.nix", all, {}).error()).dump(),
              HasSubstr("with builderEndpoint, a machine is told how many steps it takes before its size is known"));
}

TEST(Ec2Options, AreRead) {
  const Ec2Settings all = read({{"subnets", {"subnet-1", "subnet-2"}},
                                {"capacity", "spot-first"},
                                {"securityGroups", {"sg-1"}},
                                {"keyPair", "hydra"},
                                {"iamProfile", "builder"},
                                {"rootVolume", 200},
                                {"rootDevice", "/dev/sda1"},
                                {"userDataFile", "/etc/data.nix"},
                                {"tags", {{"team", "ci"}}},
                                {"address", "private"},
                                {"sshUser", "nix"},
                                {"probeKey", "/etc/key"},
                                {"leakGrace", 3600},
                                {"endpoint", "http://127.0.0.1:5000"}});
  EXPECT_THAT(all.subnets, ElementsAre("subnet-1", "subnet-2"));
  EXPECT_EQ(all.capacity, Ec2Capacity::spot_first);
  EXPECT_THAT(all.security_groups, ElementsAre("sg-1"));
  EXPECT_EQ(all.key_pair, "hydra");
  EXPECT_EQ(all.iam_profile, "builder");
  EXPECT_EQ(all.root_volume_gib, 200);
  EXPECT_EQ(all.root_device, "/dev/sda1");
  EXPECT_EQ(all.user_data_file, "/etc/data.nix");
  EXPECT_EQ(all.tags.at("team"), "ci");
  EXPECT_FALSE(all.has_public_address);
  EXPECT_EQ(all.ssh_user, "nix");
  EXPECT_EQ(all.probe_key, "/etc/key");
  EXPECT_EQ(all.leak_grace, Seconds{3600});
  EXPECT_EQ(all.endpoint, "http://127.0.0.1:5000");
}

TEST(Ec2Options, SayWhatIsMissing) {
  EXPECT_EQ(error_of_changes({{"region", nullptr}}), R"(: no region; add one, such as region = "eu-west-1";)");
  EXPECT_EQ(error_of_changes({{"image", nullptr}}),
            R"(: no image; add one, such as image = "ami-…";, or a launchTemplate)");
  EXPECT_EQ(error_of_changes({{"instanceTypes", nullptr}}),
            R"(: no instanceTypes; add some, such as instanceTypes = [ "c7a.4xlarge" ];)");
  EXPECT_EQ(error_of_changes({{"instanceTypes", io::Json::array()}}),
            R"(: no instanceTypes; add some, such as instanceTypes = [ "c7a.4xlarge" ];)");
}

TEST(Ec2Options, SayWhatIsWrong) {
  EXPECT_EQ(error_of_changes({{"region", "eu-west-1."}}), R"(.region: not the name of a region, such as "eu-west-1")");
  EXPECT_EQ(error_of_changes({{"image", "ami 1"}}), R"(.image: "ami 1" is not one word; write it without blanks)");
  EXPECT_EQ(error_of_changes({{"instanceTypes", {"a", "b c"}}}),
            R"(.instanceTypes: element 2: "b c" is not one word; write it without blanks)");
  EXPECT_EQ(error_of_changes({{"capacity", "cheap"}}),
            R"(.capacity: "cheap" is not "on-demand", "spot" or "spot-first")");
  EXPECT_EQ(error_of_changes({{"address", "10.0.0.1"}}), R"(.address: "10.0.0.1" is not "public" or "private")");
  EXPECT_EQ(error_of_changes({{"endpoint", "127.0.0.1"}}),
            R"(.endpoint: "127.0.0.1" is not a URL; write one, such as "http://127.0.0.1:5000")");
  for (const char* queue : {"arn:aws:sqs:eu-west-1:123456789012:events", "https://sqs.eu-west-1.amazonaws.com/"})
    EXPECT_EQ(error_of_changes({{"eventQueue", queue}}),
              ".eventQueue: not the URL of a queue; write what `aws sqs get-queue-url` prints, such as "
              "\"https://sqs.eu-west-1.amazonaws.com/123456789012/hydra-provisioner\"");
  EXPECT_EQ(error_of_changes({{"rootVolume", 0}}), ".rootVolume: 0 is out of range; it must be 1 to 1000000");
  EXPECT_EQ(error_of_changes({{"leakGrace", -1}}), ".leakGrace: -1 is out of range; it must be 0 to 315360000");
  EXPECT_EQ(error_of_changes({{"leakGrace", 315360001}}),
            ".leakGrace: 315360001 is out of range; it must be 0 to 315360000");
  EXPECT_EQ(error_of_changes({{"tags", {{"team", 3}}}}), ".tags: team: 3 is not a string");
  EXPECT_EQ(error_of_changes({{"userDataFile", "data.nix"}}),
            ".userDataFile: \"data.nix\" is not a file's absolute path; write a Nix path without quotes, such as "
            "./deployment.nix");
  EXPECT_EQ(error_of_changes({{"instanceType", "c7a.large"}}),
            ".instanceType: unknown option (did you mean instanceTypes?)");
}

TEST(Ec2Options, SayWhatCannotBeCombined) {
  EXPECT_EQ(error_of_changes({{"launchTemplate", "lt-1"}}), ": both image and launchTemplate; keep one of them");
  EXPECT_EQ(error_of_changes({{"image", nullptr}, {"launchTemplate", "lt-1"}, {"keyPair", "hydra"}}),
            ".keyPair: belongs in the launch template; remove it here");
  EXPECT_EQ(error_of_changes({{"launchTemplateVersion", "3"}}),
            ".launchTemplateVersion: belongs to launchTemplate, which is not given; remove it");
  EXPECT_EQ(error_of_changes({{"userData", "#!/bin/sh"}, {"userDataFile", "/a"}}),
            ".userDataFile: userData is given, too; keep one of them");
  EXPECT_EQ(error_of_changes({{"tags", {{"Name", "builder"}}}}), R"(.tags: "Name" is reserved; remove it)");
  EXPECT_EQ(error_of_changes({{"tags", {{"hydra-provisioner:pool", "x"}}}}),
            R"(.tags: "hydra-provisioner:pool" is reserved; remove it)");
}

TEST(Ec2Options, MayNameALaunchTemplate) {
  const Ec2Settings by_template =
      read({{"image", nullptr}, {"launchTemplate", "lt-1"}, {"launchTemplateVersion", "7"}});
  EXPECT_EQ(by_template.launch_template, "lt-1");
  EXPECT_EQ(by_template.launch_template_version, "7");
  EXPECT_EQ(read({{"image", nullptr}, {"launchTemplate", "lt-1"}}).launch_template_version, "$Default");
}

}  // namespace
}  // namespace hydra_provisioner::config
