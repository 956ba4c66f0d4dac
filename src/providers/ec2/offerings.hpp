// What can be asked for to get a machine, in which order, and what is left alone for a while because it was refused.
// Pure: what is remembered is a value, and so is the time.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "model/config.hpp"
#include "model/time.hpp"

namespace hydra_provisioner::providers::ec2 {

enum class Market : std::uint8_t { on_demand, spot };

struct Offering {
  Market market = Market::on_demand;
  std::string instance_type;
  std::string subnet;  // empty: wherever EC2 likes

  auto operator<=>(const Offering&) const = default;
};

// `c7a.large on demand in subnet-1`
std::string to_string(const Offering& offering);

struct OfferingMemory {
  std::map<std::string, Instant> refused_until;  // by region and offering: see key_of()
  std::map<std::string, Instant> interruptions;  // of spot instances: when we noticed, by instance id
};

std::string key_of(const std::string& region, const Offering& offering);

constexpr Seconds capacity_back_off{180};
constexpr Seconds quota_back_off{900};  // only an operator, or machines that go, change anything

// All that the settings allow and that may be asked for now, in the order in which to try: spot before on demand, then
// by instance type, then by subnet. After two interruptions within a quarter of an hour, `spot-first` means on demand
// for half an hour.
std::vector<Offering> offerings_to_try(const Ec2Settings& settings, const OfferingMemory& memory, Instant now);

// The same without a memory.
std::vector<Offering> all_offerings(const Ec2Settings& settings);

// Since when it is not needed any more.
void forget_old(OfferingMemory& memory, Instant now);

}  // namespace hydra_provisioner::providers::ec2
