// Hears what EC2 announces as soon as it is in a queue of events. What it hears stays there, for the next pass.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "io/async/clock.hpp"
#include "io/async/task.hpp"
#include "model/config.hpp"
#include "model/time.hpp"
#include "providers/ec2/api/client.hpp"

namespace hydra_provisioner::providers::ec2 {

class EventWatch {
 public:
  explicit EventWatch(io::Clock& clock) : clock_(clock), client_(clock) {}

  // `is_news`: the end of an instance is announced, so a pass is to be made at once. Otherwise the next pass is to read
  // the queue: other messages are there, or it cannot be read.
  using Heard = std::function<void(bool is_news)>;
  // Listens for a minute (errors are repeated for longer), to be called again with the pools that there are then.
  io::Task<void> hear(const std::map<PoolName, PoolConfig>& pools, Heard heard);

 private:
  io::Task<void> hear_all(std::map<std::string, std::string> queues, Heard heard);
  io::Task<void> hear_queue(std::string queue, std::string region, Instant until, const Heard& heard);

  io::Clock& clock_;
  Ec2Client client_;
};

}  // namespace hydra_provisioner::providers::ec2
