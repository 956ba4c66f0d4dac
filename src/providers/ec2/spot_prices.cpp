#include "providers/ec2/spot_prices.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

namespace hydra_provisioner::providers::ec2 {
namespace {

bool is_between(Instant now, Instant begin, Seconds lasts) {
  return now + price_clocks_differ >= begin && now - begin < lasts;
}

}  // namespace

bool are_outdated(const SpotPrices& prices, Instant now) { return !is_between(now, prices.asked_at, prices_last); }

std::map<std::string, std::map<std::string, Micros>> newest_prices(const std::vector<SpotPrice>& history, Instant now) {
  std::map<std::string, std::map<std::string, const SpotPrice*>> newest;
  for (const SpotPrice& price : history) {
    if (price.at > now + price_clocks_differ) continue;
    const SpotPrice*& known = newest[price.instance_type][price.zone];
    if (known == nullptr || known->at < price.at) known = &price;
  }
  std::map<std::string, std::map<std::string, Micros>> prices;
  for (const auto& [type, zones] : newest) {
    for (const auto& [zone, price] : zones) prices[type].emplace(zone, price->per_hour);
  }
  return prices;
}

std::optional<Micros> price_of(const SpotPrices& prices, const std::string& instance_type, const std::string& subnet,
                               Instant now) {
  if (!prices.seen_at || !is_between(now, *prices.seen_at, prices_count_for)) return std::nullopt;
  const auto type = prices.by_type.find(instance_type);
  if (type == prices.by_type.end() || type->second.empty()) return std::nullopt;
  const auto price_in = [](const auto& zone) { return zone.second; };
  if (subnet.empty()) return std::ranges::max_element(type->second, {}, price_in)->second;
  const auto zone = prices.zones.find(subnet);
  const auto price = zone == prices.zones.end() ? type->second.end() : type->second.find(zone->second);
  return price == type->second.end() ? std::nullopt : std::optional(price->second);
}

io::Json to_json(const SpotPrices& prices) {
  io::Json json{{"askedAt", to_unix(prices.asked_at)},
                {"askedFor", prices.asked_for},
                {"trouble", prices.trouble},
                {"zones", prices.zones},
                {"perHour", io::Json::object()}};
  if (prices.seen_at) json["seenAt"] = to_unix(*prices.seen_at);
  for (const auto& [type, zones] : prices.by_type) {
    for (const auto& [zone, price] : zones) json["perHour"][type][zone] = price.n;
  }
  return json;
}

SpotPrices spot_prices_from(const io::Json& json) {
  SpotPrices prices{.asked_at = from_unix(io::whole_number_of(json.at("askedAt"))),
                    .seen_at = std::nullopt,
                    .trouble = json.at("trouble").get<std::string>()};
  if (json.contains("seenAt")) prices.seen_at = from_unix(io::whole_number_of(json.at("seenAt")));
  json.at("askedFor").get_to(prices.asked_for);
  json.at("zones").get_to(prices.zones);
  for (const auto& [type, zones] : json.at("perHour").get_ref<const io::Json::object_t&>()) {
    for (const auto& [zone, price] : zones.get_ref<const io::Json::object_t&>())
      prices.by_type[type].emplace(zone, Micros{io::whole_number_of(price)});
  }
  return prices;
}

}  // namespace hydra_provisioner::providers::ec2
