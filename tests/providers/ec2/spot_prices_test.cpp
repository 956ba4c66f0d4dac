#include "providers/ec2/spot_prices.hpp"

#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "providers/ec2/price_list.hpp"

namespace hydra_provisioner::providers::ec2 {
namespace {

using testing::ElementsAre;

const Instant now = from_unix(1'800'000'000);

SpotPrices prices() {
  return {.asked_at = now,
          .seen_at = now,
          .by_type = {{"big", {{"zone-a", Micros{400}}, {"zone-b", Micros{300}}}}},
          .zones = {{"subnet-1", "zone-a"}, {"subnet-2", "zone-b"}, {"subnet-3", "zone-c"}}};
}

std::optional<std::int64_t> cost(const SpotPrices& prices, const std::string& type, const std::string& subnet,
                                 Instant at = now) {
  const auto price = price_of(prices, type, subnet, at);
  return price ? std::optional(price->n) : std::nullopt;
}

TEST(SpotPrices, AreThoseOfTheSubnetsZone) {
  EXPECT_EQ(cost(prices(), "big", "subnet-1"), 400);
  EXPECT_EQ(cost(prices(), "big", "subnet-2"), 300);
  EXPECT_EQ(cost(prices(), "big", "subnet-3"), std::nullopt) << "the type has no price there";
  EXPECT_EQ(cost(prices(), "big", "subnet-4"), std::nullopt) << "its zone is unknown";
  EXPECT_EQ(cost(prices(), "small", "subnet-1"), std::nullopt);
}

TEST(SpotPrices, WithoutASubnetAreTheDearest) { EXPECT_EQ(cost(prices(), "big", ""), 400); }

TEST(SpotPrices, CountForAnHour) {
  EXPECT_EQ(cost(prices(), "big", "", now + Seconds{3599}), 400);
  EXPECT_EQ(cost(prices(), "big", "", now + Seconds{3600}), std::nullopt);
  EXPECT_EQ(cost(prices(), "big", "", now - Seconds{120}), 400);
  EXPECT_EQ(cost(prices(), "big", "", now - Seconds{121}), std::nullopt) << "this host's clock was set back";
}

TEST(SpotPrices, ThatWereNeverSeenAreUnknown) {
  SpotPrices failed = prices();
  failed.seen_at = std::nullopt;
  EXPECT_EQ(cost(failed, "big", ""), std::nullopt);
}

TEST(SpotPrices, AreAskedForAgainAfterFiveMinutes) {
  EXPECT_FALSE(are_outdated(prices(), now + Seconds{299}));
  EXPECT_TRUE(are_outdated(prices(), now + Seconds{300}));
  EXPECT_FALSE(are_outdated(prices(), now - Seconds{120}));
  EXPECT_TRUE(are_outdated(prices(), now - Seconds{121})) << "this host's clock was set back";
}

TEST(SpotPrices, AreTheNewestOfEachZone) {
  const auto newest = newest_prices({{"big", "a", Micros{1}, now - Seconds{50}},
                                     {"big", "a", Micros{2}, now - Seconds{10}},
                                     {"big", "a", Micros{3}, now - Seconds{90}},
                                     {"big", "b", Micros{4}, now - Seconds{90 * 86400}},
                                     {"small", "a", Micros{5}, now + Seconds{120}}},
                                    now);
  EXPECT_EQ(newest.at("big").at("a"), Micros{2});
  EXPECT_EQ(newest.at("big").at("b"), Micros{4}) << "a price that has not changed since is the present one";
  EXPECT_EQ(newest.at("small").at("a"), Micros{5}) << "clocks differ a little";
}

TEST(SpotPrices, FromTheFutureAreNone) {
  const auto newest = newest_prices({{"big", "a", Micros{1}, now + Seconds{121}},
                                     {"big", "a", Micros{2}, now},
                                     {"small", "a", Micros{3}, now + Seconds{86400}}},
                                    now);
  EXPECT_EQ(newest.at("big").at("a"), Micros{2});
  EXPECT_FALSE(newest.contains("small"));
}

TEST(SpotPrices, StayTheSameInAFile) {
  SpotPrices written = prices();
  written.trouble = "no";
  written.asked_for = {"big", "subnet-1"};
  const SpotPrices read = spot_prices_from(to_json(written));
  EXPECT_EQ(read.asked_at, written.asked_at);
  EXPECT_EQ(read.seen_at, written.seen_at);
  EXPECT_EQ(read.trouble, "no");
  EXPECT_EQ(read.asked_for, written.asked_for);
  EXPECT_EQ(read.by_type, written.by_type);
  EXPECT_EQ(read.zones, written.zones);
  EXPECT_EQ(spot_prices_from(to_json({.asked_at = now})).seen_at, std::nullopt);
}

Ec2Settings by_price(std::string region, std::vector<std::string> types, std::vector<std::string> subnets) {
  Ec2Settings settings;
  settings.region = std::move(region);
  settings.instance_types = std::move(types);
  settings.subnets = std::move(subnets);
  settings.choose = Ec2Choice::cheapest;
  return settings;
}

TEST(PriceQuestions, AreAskedOnceForEachPlace) {
  Ec2Settings by_order = by_price("eu-west-2", {"a"}, {});
  by_order.choose = Ec2Choice::order;
  EXPECT_THAT(price_questions({by_price("eu-west-1", {"a", "b"}, {"subnet-1"}), by_price("us-east-1", {"c"}, {}),
                               by_price("eu-west-1", {"b", "c"}, {"subnet-2"}), by_order}),
              ElementsAre(PriceQuestion{{"eu-west-1", ""}, {"a", "b", "c"}, {"subnet-1", "subnet-2"}},
                          PriceQuestion{{"us-east-1", ""}, {"c"}, {}}));
}

}  // namespace
}  // namespace hydra_provisioner::providers::ec2
