// The settings of a pool in each of its regions.
#pragma once

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

}  // namespace hydra_provisioner::providers::ec2
