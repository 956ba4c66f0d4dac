#include "providers/ec2/offerings.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <ranges>
#include <tuple>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "io/file/files.hpp"
#include "io/file/lock.hpp"
#include "io/file/own_file.hpp"
#include "io/text/json.hpp"
#include "providers/ec2/regions.hpp"

namespace hydra_provisioner::providers::ec2 {
namespace {

constexpr Seconds breaker_window{900};
constexpr Seconds breaker_lasts{1800};
constexpr std::ptrdiff_t interruptions_max = 2;
constexpr std::chrono::seconds lock_patience{10};

// Whether two interruptions were close together, the later one not too long ago.
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

std::vector<Offering> all_offerings(const Ec2Settings& settings) {
  const std::vector<std::string> anywhere{""};
  const std::vector<Ec2Settings> regions = by_region(settings);
  std::vector<Offering> all;
  for (const Market market : markets_of(settings)) {
    for (const Ec2Settings& region : regions) {
      for (const std::string& type : region.instance_types) {
        for (const std::string& subnet : region.subnets.empty() ? anywhere : region.subnets)
          all.push_back({.market = market, .instance_type = type, .subnet = subnet, .region = region.region});
      }
    }
  }
  return all;
}

// None: not known.
std::optional<double> price_to_compare(const Ec2Settings& settings, const Offering& offering,
                                       const OfferingMemory& memory, Instant now) {
  const auto prices = memory.spot_prices.find(offering.region);
  if (prices == memory.spot_prices.end()) return std::nullopt;
  const auto price = price_of(prices->second, offering.instance_type, offering.subnet, now);
  if (!price || !settings.compares_vcpus) return price ? std::optional(static_cast<double>(price->n)) : std::nullopt;
  const auto vcpus = vcpus_of(memory, offering.instance_type);
  return vcpus ? std::optional(static_cast<double>(price->n) / static_cast<double>(*vcpus)) : std::nullopt;
}

// Those whose prices are not known stay in their order behind the others.
void sort_by_price(std::vector<Offering>& offerings, const Ec2Settings& settings, const OfferingMemory& memory,
                   Instant now) {
  std::multimap<std::tuple<bool, bool, double>, Offering> by_price;  // equal ones stay in their order
  for (Offering& offering : offerings) {
    const bool is_spot = offering.market == Market::spot;
    const auto price = is_spot ? price_to_compare(settings, offering, memory, now) : std::nullopt;
    by_price.emplace(std::tuple(!is_spot, !price, price.value_or(0)), std::move(offering));
  }
  std::ranges::move(by_price | std::views::values, offerings.begin());
}

using Times = std::map<std::string, Instant>;

io::Json to_json(const Times& times) {
  io::Json json = io::Json::object();
  for (const auto& [name, time] : times) json[name] = to_unix(time);
  return json;
}

Times times_from(const io::Json& json) {
  Times times;
  for (const auto& [name, time] : json.get_ref<const io::Json::object_t&>())
    times.emplace(name, from_unix(io::whole_number_of(time)));
  return times;
}

using Notices = std::map<InstanceId, Notice>;

io::Json to_json(const Notices& notices) {
  io::Json json = io::Json::object();
  for (const auto& [instance, notice] : notices)
    json[instance.text] = {{"what", hydra_provisioner::to_string(notice.what)}, {"at", to_unix(notice.at)}};
  return json;
}

Notices notices_from(const io::Json& json) {
  Notices notices;
  for (const auto& [id, notice] : json.get_ref<const io::Json::object_t&>()) {
    const auto what = from_name<Announcement>(notice.at("what").get<std::string>());
    if (!what) continue;
    const InstanceId instance{id};
    notices.emplace(instance,
                    Notice{.instance = instance, .what = *what, .at = from_unix(io::whole_number_of(notice.at("at")))});
  }
  return notices;
}

std::map<std::string, std::int64_t> counts_from(const io::Json& json) {
  std::map<std::string, std::int64_t> counts;
  for (const auto& [name, count] : json.get_ref<const io::Json::object_t&>())
    counts.emplace(name, io::whole_number_of(count));
  return counts;
}

using Prices = std::map<std::string, SpotPrices>;

io::Json to_json(const Prices& prices) {
  io::Json json = io::Json::object();
  for (const auto& [region, known] : prices) json[region] = ec2::to_json(known);
  return json;
}

Prices prices_from(const io::Json& json) {
  Prices prices;
  for (const auto& [region, known] : json.get_ref<const io::Json::object_t&>())
    prices.emplace(region, spot_prices_from(known));
  return prices;
}

Expected<OfferingMemory> memory_from(const io::Json& json) {
  return OfferingMemory{.refused_until = times_from(json.at("refusedUntil")),
                        .interruptions = times_from(json.at("interruptions")),
                        .notices = notices_from(json.value("notices", io::Json::object())),
                        .vcpus = counts_from(json.value("vcpus", io::Json::object())),
                        .spot_prices = prices_from(json.value("spotPrices", io::Json::object()))};
}

}  // namespace

std::string to_string(const Offering& offering) {
  return fmt::format("{} {}{}", offering.instance_type, offering.market == Market::spot ? "spot" : "on demand",
                     offering.subnet.empty() ? "" : " in " + offering.subnet);
}

std::string key_of(const std::string& region, const Offering& offering) { return region + " " + to_string(offering); }

std::vector<Offering> offerings_to_try(const Ec2Settings& settings, const OfferingMemory& memory, Instant now) {
  const bool without_spot = settings.capacity == Ec2Capacity::spot_first && is_spot_unreliable(memory, now);
  std::vector<Offering> offerings = all_offerings(settings);
  std::erase_if(offerings, [&](const Offering& offering) {
    const auto refused = memory.refused_until.find(key_of(offering.region, offering));
    const bool is_refused = refused != memory.refused_until.end() && now < refused->second;
    return is_refused || (without_spot && offering.market == Market::spot);
  });
  if (settings.choose == Ec2Choice::cheapest) sort_by_price(offerings, settings, memory, now);
  return offerings;
}

std::optional<std::int64_t> vcpus_of(const OfferingMemory& memory, const std::string& instance_type) {
  const auto found = memory.vcpus.find(instance_type);
  return found == memory.vcpus.end() || found->second <= 0 ? std::nullopt : std::optional(found->second);
}

void forget_old(OfferingMemory& memory, Instant now) {
  std::erase_if(memory.refused_until, [now](const auto& entry) { return entry.second <= now; });
  // EC2 shows terminated instances for about an hour. An interruption that was forgotten sooner would count again.
  std::erase_if(memory.interruptions, [now](const auto& entry) { return now - entry.second > Seconds{6 * 3600}; });
  // By then the instance is gone, or was replaced long ago.
  std::erase_if(memory.notices, [now](const auto& entry) { return now - entry.second.at > Seconds{6 * 3600}; });
  std::erase_if(memory.spot_prices,
                [now](const auto& entry) { return now - entry.second.asked_at > Seconds{6 * 3600}; });
}

OfferingFile::OfferingFile(const std::string& state_dir, const Tag& tag, io::Clock& clock)
    : folder_(state_dir + "/ec2"), path_(fmt::format("{}/{}.json", folder_, tag)), clock_(clock) {}

OfferingMemory OfferingFile::read() const {
  auto memory = io::read_own_file(path_, memory_from);
  return memory && *memory ? **std::move(memory) : OfferingMemory{};
}

io::Task<Expected<void>> OfferingFile::change(std::function<void(OfferingMemory&)> edit) {
  if (auto made = io::make_folder(folder_, 0700); !made) co_return made;
  const auto lock = co_await io::acquire_lock(path_ + ".lock", clock_, lock_patience);
  if (!lock) co_return std::unexpected(lock.error());
  if (!*lock)
    co_return failure(
        fmt::format("{}: another process has held its lock for {} s; end it", path_, lock_patience.count()));
  OfferingMemory memory = read();
  edit(memory);
  forget_old(memory, clock_.now());
  co_return io::write_own_file(path_, {{"refusedUntil", to_json(memory.refused_until)},
                                       {"interruptions", to_json(memory.interruptions)},
                                       {"notices", to_json(memory.notices)},
                                       {"vcpus", memory.vcpus},
                                       {"spotPrices", to_json(memory.spot_prices)}});
}

}  // namespace hydra_provisioner::providers::ec2
