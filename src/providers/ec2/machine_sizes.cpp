#include "providers/ec2/machine_sizes.hpp"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "providers/ec2/api/queries.hpp"
#include "providers/ec2/machines/specification.hpp"
#include "providers/ec2/regions.hpp"

namespace hydra_provisioner::providers::ec2 {

MachineSizes::MachineSizes(Ec2Client& client, OfferingFile& offerings, io::Clock& clock,
                           const std::vector<PoolConfig>& pools)
    : client_(client), offerings_(offerings), clock_(clock) {
  std::ranges::copy_if(pools, std::back_inserter(pools_), &PoolConfig::jobs_by_machine);
}

std::vector<std::function<io::Task<void>()>> MachineSizes::questions() {
  std::vector<std::function<io::Task<void>()>> questions;
  const std::set<std::string> types = unknown_types();
  if (types.empty()) return questions;
  std::set<Place> places;
  for (const PoolConfig& pool : pools_) {
    for (const Ec2Settings& region : by_region(ec2_settings_of(pool))) places.insert(place_of(region));
  }
  for (const Place& place : places) questions.emplace_back([this, place, types] { return learn(place, types); });
  return questions;
}

std::set<std::string> MachineSizes::unknown_types() const {
  std::set<std::string> unknown;
  const OfferingMemory memory = offerings_.read();
  for (const PoolConfig& pool : pools_) {
    for (const std::string& type : ec2_settings_of(pool).instance_types) {
      if (!vcpus_of(memory, type)) unknown.insert(type);
    }
  }
  return unknown;
}

io::Task<void> MachineSizes::learn(Place place, std::set<std::string> instance_types) {
  auto found = co_await sizes_of(client_, place, {instance_types.begin(), instance_types.end()});
  if (!found) {
    error_ = found.error().message;
    co_return;
  }
  if (found->empty()) co_return;
  auto noted = co_await offerings_.change([&](OfferingMemory& memory) {
    for (const auto& [type, vcpus] : *found) memory.vcpus[type] = vcpus;
  });
  if (!noted) error_ = noted.error().message;
}

// By what would be requested next: if EC2 then makes a machine of another size, the pass after that counts it as it is.
void MachineSizes::add_to(Inventory& inventory) const {
  const OfferingMemory memory = offerings_.read();
  for (const PoolConfig& pool : pools_) {
    const Ec2Settings settings = ec2_settings_of(pool);
    if (settings.instance_types.empty()) continue;
    const auto offerings = offerings_to_try(settings, memory, clock_.now());
    const std::string& next = offerings.empty() ? settings.instance_types.front() : offerings.front().instance_type;
    if (const auto vcpus = vcpus_of(memory, next)) {
      inventory.max_jobs.emplace(pool.name, *vcpus);
    } else {
      inventory.unseen.emplace(
          pool.name, error_.empty() ? fmt::format("ec2.instanceTypes: EC2 knows no {:?} there; correct it", next)
                                    : fmt::format("how many processors a {} has is not known: {}", next, error_));
    }
  }
}

}  // namespace hydra_provisioner::providers::ec2
