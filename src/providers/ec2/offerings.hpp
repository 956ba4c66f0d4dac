// What can be requested to get a machine, in which order, and what is not requested for a while because EC2 refused it.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "io/async/clock.hpp"
#include "io/async/task.hpp"
#include "model/config.hpp"
#include "model/error.hpp"
#include "model/names.hpp"
#include "model/time.hpp"
#include "providers/ec2/api/event_queue.hpp"
#include "providers/ec2/spot_prices.hpp"

namespace hydra_provisioner::providers::ec2 {

enum class Market : std::uint8_t { on_demand, spot };

struct Offering {
  Market market = Market::on_demand;
  std::string instance_type;
  std::string subnet;  // empty: EC2 chooses one
  std::string region{};

  auto operator<=>(const Offering&) const = default;
};

// `c7a.large on demand in subnet-1`, whichever region that is in
std::string to_string(const Offering& offering);

struct OfferingMemory {
  std::map<std::string, Instant> refused_until;     // by region and offering: see key_of()
  std::map<std::string, Instant> interruptions;     // when we noticed them, by the ids of the spot instances
  std::map<InstanceId, Notice> notices;             // what EC2 last announced about instances
  std::map<std::string, std::int64_t> vcpus{};      // of instance types; EC2 never changes them
  std::map<std::string, SpotPrices> spot_prices{};  // by region
};

std::string key_of(const std::string& region, const Offering& offering);

// None: not known.
std::optional<std::int64_t> vcpus_of(const OfferingMemory& memory, const std::string& instance_type);

constexpr Seconds capacity_back_off{180};
constexpr Seconds quota_back_off{900};  // a quota changes only by an operator, or when machines go

// All offerings that the settings allow, except those in the memory that were refused lately. They are in the order in
// which to try them: spot before on demand, then by region, by instance type, and by subnet. With `choose =
// "cheapest"`, spot instances are sorted by price before; those of unknown price come last. After two interruptions
// within a quarter of an hour, `spot-first` means on demand for half an hour.
std::vector<Offering> offerings_to_try(const Ec2Settings& settings, const OfferingMemory& memory, Instant now);

// Removes what does not matter any more.
void forget_old(OfferingMemory& memory, Instant now);

// The memory in STATE_DIR/ec2/TAG.json, which operations share, each of which is a process of its own. Losing it costs
// a few requests that are refused, so a file that cannot be read counts as empty.
class OfferingFile {
 public:
  OfferingFile(const std::string& state_dir, const Tag& tag, io::Clock& clock);

  OfferingMemory read() const;

  // No other process changes the file meanwhile.
  io::Task<Expected<void>> change(std::function<void(OfferingMemory&)> edit);

 private:
  std::string folder_;
  std::string path_;
  io::Clock& clock_;
};

}  // namespace hydra_provisioner::providers::ec2
