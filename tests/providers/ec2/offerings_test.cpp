#include "providers/ec2/offerings.hpp"

#include <chrono>
#include <fstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/file/files.hpp"
#include "io/file/lock.hpp"
#include "tests/support/await.hpp"
#include "tests/support/temporary_folder.hpp"

namespace hydra_provisioner::providers::ec2 {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const Instant start = from_unix(1'800'000'000);

Ec2Settings settings(Ec2Capacity capacity) {
  Ec2Settings settings;
  settings.region = "eu-west-1";
  settings.instance_types = {"big", "small"};
  settings.subnets = {"a", "b"};
  settings.capacity = capacity;
  return settings;
}

std::vector<std::string> tried(const Ec2Settings& settings, const OfferingMemory& memory, Instant now = start) {
  std::vector<std::string> names;
  for (const Offering& offering : offerings_to_try(settings, memory, now)) names.push_back(to_string(offering));
  return names;
}

TEST(Offerings, AreTriedByMarketThenTypeThenSubnet) {
  EXPECT_THAT(tried(settings(Ec2Capacity::spot_first), {}),
              ElementsAre("big spot in a", "big spot in b", "small spot in a", "small spot in b", "big on demand in a",
                          "big on demand in b", "small on demand in a", "small on demand in b"));
  EXPECT_THAT(tried(settings(Ec2Capacity::spot), {}),
              ElementsAre("big spot in a", "big spot in b", "small spot in a", "small spot in b"));
}

TEST(Offerings, NeedNoSubnet) {
  Ec2Settings anywhere = settings(Ec2Capacity::on_demand);
  anywhere.subnets.clear();
  EXPECT_THAT(tried(anywhere, {}), ElementsAre("big on demand", "small on demand"));
}

Ec2Settings cheapest(Ec2Capacity capacity) {
  Ec2Settings by_price = settings(capacity);
  by_price.choose = Ec2Choice::cheapest;
  return by_price;
}

OfferingMemory with_prices() {
  OfferingMemory memory;
  memory.spot_prices["eu-west-1"] = {
      .asked_at = start,
      .seen_at = start,
      .by_type = {{"big", {{"zone-a", Micros{300}}}}, {"small", {{"zone-a", Micros{400}}, {"zone-b", Micros{200}}}}},
      .zones = {{"a", "zone-a"}, {"b", "zone-b"}}};
  return memory;
}

TEST(Offerings, AreTriedByPrice) {
  EXPECT_THAT(tried(cheapest(Ec2Capacity::spot_first), with_prices()),
              ElementsAre("small spot in b", "big spot in a", "small spot in a", "big spot in b", "big on demand in a",
                          "big on demand in b", "small on demand in a", "small on demand in b"));
  EXPECT_THAT(tried(settings(Ec2Capacity::spot), with_prices()),
              ElementsAre("big spot in a", "big spot in b", "small spot in a", "small spot in b"));
}

TEST(Offerings, OfDifferentSizesAreComparedByTheirProcessors) {
  Ec2Settings by_vcpu = cheapest(Ec2Capacity::spot);
  by_vcpu.compares_vcpus = true;
  OfferingMemory memory = with_prices();
  memory.vcpus = {{"big", 8}, {"small", 2}};
  EXPECT_THAT(tried(by_vcpu, memory),
              ElementsAre("big spot in a", "small spot in b", "small spot in a", "big spot in b"));
  memory.vcpus = {{"big", 0}, {"small", 2}};
  EXPECT_THAT(tried(by_vcpu, memory),
              ElementsAre("small spot in b", "small spot in a", "big spot in a", "big spot in b"));
}

Ec2Settings two_regions(Ec2Capacity capacity) {
  Ec2Settings settings = cheapest(capacity);
  settings.region = "";
  settings.choose = Ec2Choice::order;
  settings.regions = {{.region = "eu-west-1", .subnets = {"a", "b"}}, {.region = "us-east-1", .subnets = {"c"}}};
  return settings;
}

TEST(Offerings, AreTriedInOneRegionAfterTheOther) {
  EXPECT_THAT(tried(two_regions(Ec2Capacity::spot_first), {}),
              ElementsAre("big spot in a", "big spot in b", "small spot in a", "small spot in b", "big spot in c",
                          "small spot in c", "big on demand in a", "big on demand in b", "small on demand in a",
                          "small on demand in b", "big on demand in c", "small on demand in c"));
}

TEST(Offerings, OfAllRegionsAreComparedByPrice) {
  Ec2Settings settings = two_regions(Ec2Capacity::spot);
  settings.choose = Ec2Choice::cheapest;
  OfferingMemory memory = with_prices();
  memory.spot_prices["us-east-1"] = {
      .asked_at = start, .seen_at = start, .by_type = {{"big", {{"z", Micros{250}}}}}, .zones = {{"c", "z"}}};
  EXPECT_THAT(tried(settings, memory), ElementsAre("small spot in b", "big spot in c", "big spot in a",
                                                   "small spot in a", "big spot in b", "small spot in c"));
  memory.refused_until[key_of("us-east-1", {Market::spot, "big", "c"})] = start + Seconds{180};
  EXPECT_EQ(tried(settings, memory).size(), 5U);
}

TEST(Offerings, OfUnknownPriceAreTriedInTheirOrder) {
  const std::vector<std::string> in_order = tried(settings(Ec2Capacity::spot_first), {});
  EXPECT_EQ(tried(cheapest(Ec2Capacity::spot_first), {}), in_order);
  EXPECT_EQ(tried(cheapest(Ec2Capacity::spot_first), with_prices(), start + Seconds{3600}), in_order);
}

TEST(Offerings, ThatAreCheapestAreLeftAloneWhenTheyWereRefused) {
  OfferingMemory memory = with_prices();
  memory.refused_until[key_of("eu-west-1", {Market::spot, "small", "b"})] = start + Seconds{180};
  EXPECT_THAT(tried(cheapest(Ec2Capacity::spot), memory),
              ElementsAre("big spot in a", "small spot in a", "big spot in b"));
}

TEST(Offerings, ThatWereRefusedAreLeftAloneForAWhile) {
  const Ec2Settings on_demand = settings(Ec2Capacity::on_demand);
  OfferingMemory memory;
  memory.refused_until[key_of("eu-west-1", {Market::on_demand, "big", "a"})] = start + Seconds{180};
  EXPECT_THAT(tried(on_demand, memory),
              ElementsAre("big on demand in b", "small on demand in a", "small on demand in b"));
  EXPECT_EQ(tried(on_demand, memory, start + Seconds{180}).size(), 4U);
  forget_old(memory, start + Seconds{180});
  EXPECT_THAT(memory.refused_until, IsEmpty());
}

TEST(Offerings, OfAnotherRegionAreOthers) {
  OfferingMemory memory;
  memory.refused_until[key_of("us-east-1", {Market::on_demand, "big", "a"})] = start + Seconds{180};
  EXPECT_EQ(tried(settings(Ec2Capacity::on_demand), memory).size(), 4U);
}

TEST(Offerings, AreOnDemandForHalfAnHourAfterTwoInterruptions) {
  OfferingMemory memory;
  memory.interruptions = {{"i-1", start}, {"i-2", start + Seconds{900}}};
  const Ec2Settings spot_first = settings(Ec2Capacity::spot_first);
  EXPECT_EQ(tried(spot_first, memory, start + Seconds{900}).size(), 4U);
  EXPECT_EQ(tried(spot_first, memory, start + Seconds{1799}).size(), 4U);
  EXPECT_EQ(tried(spot_first, memory, start + Seconds{2700}).size(), 8U);
  EXPECT_EQ(tried(settings(Ec2Capacity::spot), memory, start + Seconds{900}).size(), 4U) << "it is spot or nothing";
}

TEST(Offerings, StaySpotAfterInterruptionsThatAreFarApart) {
  OfferingMemory memory;
  memory.interruptions = {{"i-1", start}, {"i-2", start + Seconds{901}}};
  EXPECT_EQ(tried(settings(Ec2Capacity::spot_first), memory, start + Seconds{901}).size(), 8U);
}

TEST(Offerings, RememberAnInterruptionAsLongAsEc2ShowsIt) {
  OfferingMemory memory;
  memory.interruptions = {{"i-1", start}};
  forget_old(memory, start + Seconds{2 * 3600});
  EXPECT_EQ(memory.interruptions.size(), 1U);
  forget_old(memory, start + Seconds{6 * 3600 + 1});
  EXPECT_THAT(memory.interruptions, IsEmpty());
}

class FixedClock final : public io::Clock {
 public:
  Instant now() const override { return start; }
  io::Task<void> sleep_for(std::chrono::milliseconds) override { co_return; }
};

TEST(OfferingFile, RemembersBetweenProcesses) {
  const support::TemporaryFolder state;
  FixedClock clock;
  OfferingFile first(state.path, Tag{"t"}, clock);
  EXPECT_THAT(first.read().refused_until, IsEmpty());
  ASSERT_TRUE(support::await(first.change([](OfferingMemory& memory) {
    memory.refused_until["a"] = start + Seconds{1};
    memory.refused_until["old"] = start;
    memory.interruptions["i-1"] = start;
    memory.spot_prices = with_prices().spot_prices;
    memory.vcpus = {{"big", 16}};
  })));
  const OfferingMemory memory = OfferingFile(state.path, Tag{"t"}, clock).read();
  EXPECT_EQ(memory.refused_until, (std::map<std::string, Instant>{{"a", start + Seconds{1}}}));
  EXPECT_EQ(memory.interruptions, (std::map<std::string, Instant>{{"i-1", start}}));
  EXPECT_EQ(vcpus_of(memory, "big"), 16);
  EXPECT_EQ(memory.spot_prices.at("eu-west-1").by_type, with_prices().spot_prices.at("eu-west-1").by_type);
  EXPECT_THAT(OfferingFile(state.path, Tag{"other"}, clock).read().interruptions, IsEmpty());
}

TEST(OfferingFile, ThatCannotBeReadCountsAsEmpty) {
  const support::TemporaryFolder state;
  FixedClock clock;
  ASSERT_TRUE(io::make_folder(state.path + "/ec2", 0700));
  for (const std::string content : {"", "[]", R"({"refusedUntil": 3, "interruptions": {}})", R"({"refusedUntil": {}})",
                                    R"({"refusedUntil": {"a": 1e300}, "interruptions": {}})",
                                    R"({"refusedUntil": {"a": 9}, "interruptions": {}, "spotPrices": {"r": {}}})"}) {
    std::ofstream(state.path + "/ec2/t.json") << content;
    EXPECT_THAT(OfferingFile(state.path, Tag{"t"}, clock).read().refused_until, IsEmpty()) << content;
  }
}

TEST(OfferingFile, IsNotChangedUnderItsLock) {
  const support::TemporaryFolder state;
  FixedClock clock;
  ASSERT_TRUE(io::make_folder(state.path + "/ec2", 0700));
  const auto lock = io::FileLock::try_acquire(state.path + "/ec2/t.json.lock");
  const auto changed = support::await(OfferingFile(state.path, Tag{"t"}, clock).change([](OfferingMemory&) {}));
  ASSERT_FALSE(changed);
  EXPECT_THAT(changed.error().message, HasSubstr("another process has held its lock for 10 s"));
}

}  // namespace
}  // namespace hydra_provisioner::providers::ec2
