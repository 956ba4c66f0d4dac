// The settings of a pool in each of its regions.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "model/config.hpp"
#include "providers/ec2/api/place.hpp"

namespace hydra_provisioner::providers::ec2 {

// Settings with one region each, in order of preference; none if the settings are empty.
std::vector<Ec2Settings> by_region(const Ec2Settings& settings);

// Those of this region; where the pool has none there any more, those of its first one.
Ec2Settings in_region(const Ec2Settings& settings, const std::string& region);

// Of settings with one region.
Place place_of(const Ec2Settings& settings);

// The regions of the queues of events that settings with one region each name, by the URLs of the queues.
std::map<std::string, std::string> event_queues(const std::vector<Ec2Settings>& all);

}  // namespace hydra_provisioner::providers::ec2
