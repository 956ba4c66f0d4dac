// The configuration file, which is the same on all hosts.
#pragma once

#include <utility>
#include <vector>

#include "model/config.hpp"
#include "tests/simulation/schedule.hpp"
#include "tests/simulation/setup.hpp"

namespace hydra_provisioner::simulation {

class Configuration {
 public:
  explicit Configuration(const Scenario& scenario) : scenario_(scenario), pools_(scenario.pools) {}

  const std::vector<PoolSetup>& pools() const { return pools_; }
  // A change is in force from the next pass on.
  PoolSetup& change(std::size_t pool) {
    is_new_ = true;
    return pools_.at(pool);
  }
  const Config& read() {
    if (std::exchange(is_new_, false)) config_ = configuration_of(scenario_, pools_);
    return config_;
  }

 private:
  const Scenario& scenario_;
  std::vector<PoolSetup> pools_;
  Config config_;
  bool is_new_ = true;
};

}  // namespace hydra_provisioner::simulation
