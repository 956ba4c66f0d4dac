// How many steps machines build at a time, of pools that leave that to them: one for each virtual processor.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "io/async/clock.hpp"
#include "io/async/task.hpp"
#include "model/config.hpp"
#include "model/instance.hpp"
#include "providers/ec2/api/client.hpp"
#include "providers/ec2/api/place.hpp"
#include "providers/ec2/offerings.hpp"

namespace hydra_provisioner::providers::ec2 {

// For one listing.
class MachineSizes {
 public:
  MachineSizes(Ec2Client& client, OfferingFile& offerings, io::Clock& clock, const std::vector<PoolConfig>& pools);

  // To be run together. There are none if the sizes of all instance types are known.
  std::vector<std::function<io::Task<void>()>> questions();

  // Says what the next machine of each pool builds. A pool of which that is not known is unseen, for it is not known
  // how many machines to make.
  void add_to(Inventory& inventory) const;

 private:
  std::set<std::string> unknown_types() const;
  io::Task<void> learn(Place place, std::set<std::string> instance_types);

  Ec2Client& client_;
  OfferingFile& offerings_;
  io::Clock& clock_;
  std::vector<PoolConfig> pools_;  // those that leave it to machines
  std::string error_;              // why instance types are not known; empty: they were asked for
};

}  // namespace hydra_provisioner::providers::ec2
