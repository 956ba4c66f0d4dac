#include "providers/ec2/regions.hpp"

#include <algorithm>

#include "providers/ec2/api/event_queue.hpp"

namespace hydra_provisioner::providers::ec2 {

std::vector<Ec2Settings> by_region(const Ec2Settings& settings) {
  if (settings.regions.empty()) return settings.region.empty() ? std::vector<Ec2Settings>{} : std::vector{settings};
  std::vector<Ec2Settings> all;
  for (const Ec2Region& region : settings.regions) {
    Ec2Settings& one = all.emplace_back(settings);
    one.regions.clear();
    one.region = region.region;
    one.endpoint = region.endpoint;
    one.image = region.image;
    one.launch_template = region.launch_template;
    one.launch_template_version = region.launch_template_version;
    one.subnets = region.subnets;
    one.security_groups = region.security_groups;
    one.key_pair = region.key_pair;
    one.event_queue = region.event_queue;
  }
  return all;
}

Ec2Settings in_region(const Ec2Settings& settings, const std::string& region) {
  const std::vector<Ec2Settings> all = by_region(settings);
  if (all.empty()) return settings;
  const auto found = std::ranges::find(all, region, &Ec2Settings::region);
  return found == all.end() ? all.front() : *found;
}

Place place_of(const Ec2Settings& settings) { return {.region = settings.region, .endpoint = settings.endpoint}; }

std::map<std::string, std::string> event_queues(const std::vector<Ec2Settings>& all) {
  std::map<std::string, std::string> queues;
  for (const Ec2Settings& settings : all) {
    if (settings.event_queue.empty()) continue;
    const std::string region = region_of_queue(settings.event_queue);
    queues.emplace(settings.event_queue, region.empty() ? settings.region : region);
  }
  return queues;
}

}  // namespace hydra_provisioner::providers::ec2
