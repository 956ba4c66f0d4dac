#include "providers/ec2/api/answers.hpp"

#include <fstream>
#include <sstream>
#include <string>
#include <tuple>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace hydra_provisioner::providers::ec2 {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string recorded(const std::string& name) {
  std::ifstream file(TEST_DATA "/ec2/" + name);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(Ec2Answers, AreInstancesAndTheNextPage) {
  const auto page = read_instances(recorded("describe-instances.xml"));
  ASSERT_TRUE(page) << page.error().message;
  EXPECT_EQ(page->next_token, "more==");
  ASSERT_EQ(page->instances.size(), 3U);
  const Ec2Instance& running = page->instances[0];
  EXPECT_EQ(running.id, "i-0abc");
  EXPECT_EQ(running.state, Ec2State::running);
  EXPECT_EQ(running.type, "c7a.large");
  EXPECT_EQ(running.launched_at, from_unix(1795628028));
  EXPECT_EQ(running.public_address, "198.51.100.7");
  EXPECT_EQ(running.private_address, "10.0.0.12");
  EXPECT_EQ(running.tag("hydra-provisioner:pool"), "x86_64-linux:a,b");
  EXPECT_EQ(running.tag("note"), "a <b> & c");
  EXPECT_EQ(running.tag("none"), "");
  EXPECT_EQ(page->instances[1].state, Ec2State::terminated);
  EXPECT_EQ(page->instances[1].reason, "Server.SpotInstanceTermination");
  EXPECT_EQ(page->instances[1].spot_request, "sir-1");
  EXPECT_TRUE(page->instances[1].has_ended());
  EXPECT_EQ(page->instances[2].state, Ec2State::stopping);
  EXPECT_EQ(page->instances[2].launched_at, std::nullopt);
}

TEST(Ec2Answers, MayBeOneNewInstance) {
  const auto page = read_instances(
      "<RunInstancesResponse><instancesSet><item><instanceId>i-1</instanceId><instanceState><name>pending</name>"
      "</instanceState></item></instancesSet></RunInstancesResponse>");
  ASSERT_TRUE(page);
  ASSERT_EQ(page->instances.size(), 1U);
  EXPECT_EQ(page->instances[0].state, Ec2State::pending);
}

std::string spot_price(const std::string& price, const std::string& time = "2026-11-25T17:33:48.000Z") {
  return "<item><instanceType>c7a.large</instanceType><productDescription>Linux/UNIX</productDescription><spotPrice>" +
         price + "</spotPrice><timestamp>" + time +
         "</timestamp><availabilityZone>eu-west-1a</availabilityZone></item>";
}

TEST(Ec2Answers, AreSpotPrices) {
  const auto page =
      read_spot_prices("<DescribeSpotPriceHistoryResponse><spotPriceHistorySet>" + spot_price("0.067600") +
                       "</spotPriceHistorySet><nextToken>more==</nextToken>"
                       "</DescribeSpotPriceHistoryResponse>");
  ASSERT_TRUE(page) << page.error().message;
  EXPECT_EQ(page->next_token, "more==");
  ASSERT_EQ(page->prices.size(), 1U);
  EXPECT_EQ(page->prices[0].instance_type, "c7a.large");
  EXPECT_EQ(page->prices[0].zone, "eu-west-1a");
  EXPECT_EQ(page->prices[0].per_hour, Micros{67'600});
  EXPECT_EQ(page->prices[0].at, from_unix(1795628028));
}

TEST(Ec2Answers, LeaveOutWhatIsNoPrice) {
  std::string items;
  for (const std::string price : {"", "0", "-1", "nan", "inf", "1e9", "0.1 USD", "free"}) items += spot_price(price);
  items += spot_price("0.1", "yesterday");
  const auto page = read_spot_prices("<DescribeSpotPriceHistoryResponse><spotPriceHistorySet>" + items +
                                     "</spotPriceHistorySet></DescribeSpotPriceHistoryResponse>");
  ASSERT_TRUE(page);
  EXPECT_TRUE(page->prices.empty());
  EXPECT_FALSE(read_spot_prices("<DescribeInstancesResponse/>"));
}

TEST(Ec2Answers, AreSizesOfInstanceTypes) {
  const auto item = [](const std::string& name, const std::string& vcpus) {
    return "<item><instanceType>" + name + "</instanceType><vCpuInfo><defaultVCpus>" + vcpus +
           "</defaultVCpus><defaultCores>1</defaultCores></vCpuInfo></item>";
  };
  const auto page =
      read_sizes("<DescribeInstanceTypesResponse><instanceTypeSet>" + item("c7a.large", "2") + item("strange", "-3") +
                 item("odd", "many") + "</instanceTypeSet><nextToken>more</nextToken></DescribeInstanceTypesResponse>");
  ASSERT_TRUE(page) << page.error().message;
  EXPECT_EQ(page->vcpus, (std::map<std::string, std::int64_t>{{"c7a.large", 2}}));
  EXPECT_EQ(page->next_token, "more");
}

TEST(Ec2Answers, SayHowManyProcessorsAnInstanceHas) {
  const auto vcpus = [](const std::string& options) {
    return read_instances("<RunInstancesResponse><instancesSet><item><instanceId>i-1</instanceId>" + options +
                          "</item></instancesSet></RunInstancesResponse>")
        .value()
        .instances.at(0)
        .vcpus;
  };
  EXPECT_EQ(vcpus("<cpuOptions><coreCount>8</coreCount><threadsPerCore>2</threadsPerCore></cpuOptions>"), 16);
  EXPECT_EQ(vcpus(""), 0);
  EXPECT_EQ(vcpus("<cpuOptions><coreCount>8</coreCount></cpuOptions>"), 0);
}

TEST(Ec2Answers, AreZonesOfSubnets) {
  const auto zones = read_zones(
      "<DescribeSubnetsResponse><subnetSet><item><subnetId>subnet-1</subnetId><availabilityZone>eu-west-1a"
      "</availabilityZone></item></subnetSet></DescribeSubnetsResponse>");
  ASSERT_TRUE(zones);
  EXPECT_EQ(*zones, (std::map<std::string, std::string>{{"subnet-1", "eu-west-1a"}}));
}

TEST(Ec2Answers, ThatAreCutOffAreErrors) {
  const std::string whole = recorded("describe-instances.xml");
  const auto last = whole.find("</DescribeInstancesResponse>") + std::string("</DescribeInstancesResponse>").size();
  for (std::size_t bytes = 0; bytes < last; bytes += 7) {
    EXPECT_FALSE(read_instances(whole.substr(0, bytes))) << bytes;
  }
  EXPECT_THAT(read_instances(whole.substr(0, 900)).error().message,
              HasSubstr("its answer is not a complete XML document"));
}

TEST(Ec2Answers, OfOtherServersAreErrors) {
  EXPECT_EQ(read_instances("<html><body>Welcome!</body></html>").error().message,
            R"(its answer is a "html", not a "DescribeInstancesResponse")");
  EXPECT_FALSE(read_instances(""));
  EXPECT_FALSE(read_fleet("<DescribeInstancesResponse/>"));
  EXPECT_FALSE(read_unused_volumes("<x/>", Owner{}));
}

RC_GTEST_PROP(Ec2Answers, NeverBreakTheirReader, (const std::string& text)) {
  std::ignore = read_instances(text);
  std::ignore = read_instances("<DescribeInstancesResponse>" + text + "</DescribeInstancesResponse>");
  read_error(text);
}

TEST(Ec2Answers, OfAFleetAreInstancesAndWhatWasRefused) {
  const auto fleet = read_fleet(
      "<CreateFleetResponse><fleetId>f</fleetId><errorSet><item><launchTemplateAndOverrides><overrides>"
      "<instanceType>c5.large</instanceType><subnetId>subnet-1</subnetId></overrides></launchTemplateAndOverrides>"
      "<errorCode>InsufficientInstanceCapacity</errorCode><errorMessage>none</errorMessage></item></errorSet>"
      "<fleetInstanceSet><item><instanceIds><item>i-1</item></instanceIds></item></fleetInstanceSet>"
      "</CreateFleetResponse>");
  ASSERT_TRUE(fleet);
  EXPECT_THAT(fleet->ec2_ids, ElementsAre("i-1"));
  ASSERT_EQ(fleet->errors.size(), 1U);
  EXPECT_EQ(fleet->errors[0].code, "InsufficientInstanceCapacity");
  EXPECT_EQ(fleet->errors[0].instance_type, "c5.large");
  EXPECT_EQ(fleet->errors[0].subnet, "subnet-1");
}

TEST(Ec2Answers, OfVolumesAreTheUnusedOnes) {
  const auto volumes = read_unused_volumes(
      "<DescribeVolumesResponse><volumeSet><item><volumeId>vol-1</volumeId><status>available</status></item>"
      "<item><volumeId>vol-2</volumeId><status>in-use</status></item>"
      "<item><volumeId>vol-3</volumeId><status>available</status><tagSet><item><key>hydra-provisioner:owner</key>"
      "<value>them</value></item></tagSet></item></volumeSet></DescribeVolumesResponse>",
      Owner{"us"});
  ASSERT_TRUE(volumes);
  EXPECT_THAT(*volumes, ElementsAre("vol-1"));
}

TEST(Ec2Answers, CanBeErrors) {
  const auto error = read_error(
      "<?xml version=\"1.0\"?><Response><Errors><Error><Code>InvalidAMIID.NotFound</Code><Message>The image id "
      "'[ami-1]' does not exist</Message></Error></Errors><RequestID>x</RequestID></Response>");
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, "InvalidAMIID.NotFound");
  EXPECT_EQ(error->message, "The image id '[ami-1]' does not exist");
  EXPECT_FALSE(read_error("<html/>"));
  EXPECT_FALSE(read_error("<Response/>"));
}

}  // namespace
}  // namespace hydra_provisioner::providers::ec2
