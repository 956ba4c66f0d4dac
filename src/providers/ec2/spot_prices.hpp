// What spot instances of a region cost, as EC2 said lately.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "io/text/json.hpp"
#include "model/money.hpp"
#include "model/time.hpp"
#include "providers/ec2/api/answers.hpp"

namespace hydra_provisioner::providers::ec2 {

struct SpotPrices {
  Instant asked_at;                   // also in vain
  std::set<std::string> asked_for{};  // instance types and subnets
  std::optional<Instant> seen_at{};   // when the prices were right; none: they are unknown
  std::string trouble{};              // why they could not be asked for at last; empty: they could
  std::map<std::string, std::map<std::string, Micros>> by_type{};  // by instance type and zone, for an hour
  std::map<std::string, std::string> zones{};                      // of subnets
};

constexpr Seconds prices_last{300};          // then EC2 is asked again
constexpr Seconds prices_count_for{3600};    // if it does not answer
constexpr Seconds price_clocks_differ{120};  // at most, EC2's and ours

// Whether it is time to ask: also if this host's clock has been set back.
bool are_outdated(const SpotPrices& prices, Instant now);

// The newest price of each type and zone. One from the future is none.
std::map<std::string, std::map<std::string, Micros>> newest_prices(const std::vector<SpotPrice>& history, Instant now);

// None: not known now. Without a subnet EC2 chooses the zone, so it may be the dearest.
std::optional<Micros> price_of(const SpotPrices& prices, const std::string& instance_type, const std::string& subnet,
                               Instant now);

io::Json to_json(const SpotPrices& prices);
SpotPrices spot_prices_from(const io::Json& json);  // throws exceptions of nlohmann-json

}  // namespace hydra_provisioner::providers::ec2
