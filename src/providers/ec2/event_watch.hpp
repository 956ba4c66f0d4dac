// Hears what EC2 announces as soon as it is in a queue of events. What it hears stays there, for the next pass.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "io/async/clock.hpp"
#include "io/async/task.hpp"
#include "model/config.hpp"
#include "providers/ec2/api/client.hpp"

namespace hydra_provisioner::providers::ec2 {

class EventWatch {
 public:
  explicit EventWatch(io::Clock& clock) : clock_(clock), client_(clock) {}

  // Calls `heard` for each announcement of an instance's end. It ends after 10 to 30 seconds (errors are repeated for
  // longer), to be called again with the pools that there are then.
  io::Task<void> hear(std::map<PoolName, PoolConfig> pools, std::function<void()> heard);

 private:
  io::Task<void> hear_queue(std::string queue, std::string region, const std::function<void()>& heard);

  io::Clock& clock_;
  Ec2Client client_;
};

}  // namespace hydra_provisioner::providers::ec2
