#include "providers/ec2/offerings.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace hydra_provisioner::providers::ec2 {
namespace {

constexpr Seconds breaker_window{900};
constexpr Seconds breaker_lasts{1800};
constexpr std::ptrdiff_t interruptions_max = 2;

// Two that are that close together, the later one not too long ago.
bool is_spot_unreliable(const OfferingMemory& memory, Instant now) {
  std::vector<Instant> times;
  for (const auto& [instance, time] : memory.interruptions) {
    if (now - time < breaker_lasts) times.push_back(time);
  }
  return std::ranges::any_of(times, [&](Instant last) {
    const auto is_close = [last](Instant time) { return time <= last && last - time <= breaker_window; };
    return std::ranges::count_if(times, is_close) >= interruptions_max;
  });
}

std::vector<Market> markets_of(const Ec2Settings& settings) {
  switch (settings.capacity) {
    case Ec2Capacity::spot:
      return {Market::spot};
    case Ec2Capacity::spot_first:
      return {Market::spot, Market::on_demand};
    case Ec2Capacity::on_demand:
      break;
  }
  return {Market::on_demand};
}

}  // namespace

std::string to_string(const Offering& offering) {
  return fmt::format("{} {}{}", offering.instance_type, offering.market == Market::spot ? "spot" : "on demand",
                     offering.subnet.empty() ? "" : " in " + offering.subnet);
}

std::string key_of(const std::string& region, const Offering& offering) { return region + " " + to_string(offering); }

std::vector<Offering> all_offerings(const Ec2Settings& settings) {
  const std::vector<std::string> anywhere{""};
  std::vector<Offering> all;
  for (const Market market : markets_of(settings)) {
    for (const std::string& type : settings.instance_types) {
      for (const std::string& subnet : settings.subnets.empty() ? anywhere : settings.subnets) {
        all.push_back({.market = market, .instance_type = type, .subnet = subnet});
      }
    }
  }
  return all;
}

std::vector<Offering> offerings_to_try(const Ec2Settings& settings, const OfferingMemory& memory, Instant now) {
  const bool without_spot = settings.capacity == Ec2Capacity::spot_first && is_spot_unreliable(memory, now);
  std::vector<Offering> offerings = all_offerings(settings);
  std::erase_if(offerings, [&](const Offering& offering) {
    const auto refused = memory.refused_until.find(key_of(settings.region, offering));
    const bool is_refused = refused != memory.refused_until.end() && now < refused->second;
    return is_refused || (without_spot && offering.market == Market::spot);
  });
  return offerings;
}

void forget_old(OfferingMemory& memory, Instant now) {
  std::erase_if(memory.refused_until, [now](const auto& entry) { return entry.second <= now; });
  // Terminated instances are listed for about an hour: one that is forgotten sooner would be noticed anew.
  std::erase_if(memory.interruptions, [now](const auto& entry) { return now - entry.second > Seconds{6 * 3600}; });
}

}  // namespace hydra_provisioner::providers::ec2
