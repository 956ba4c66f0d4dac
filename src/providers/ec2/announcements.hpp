// What is taken out of queues of events, without keeping a pass waiting for a queue that does not answer.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "io/async/clock.hpp"
#include "io/async/pending_call.hpp"
#include "io/async/task.hpp"
#include "model/error.hpp"
#include "providers/ec2/api/client.hpp"
#include "providers/ec2/api/event_queue.hpp"

namespace hydra_provisioner::providers::ec2 {

class Announcements {
 public:
  Announcements(std::shared_ptr<Ec2Client> client, io::Clock& clock) : client_(std::move(client)), clock_(clock) {}

  // None: the queue has not answered within five seconds. A later call gets the answer.
  io::Task<std::optional<Expected<EventQueue::Received>>> receive(std::string queue, std::string region);

  // Goes on if it takes more than five seconds. What it cannot remove comes again, which does no harm.
  io::Task<void> remove(std::string queue, std::string region, std::vector<std::string> receipts);

 private:
  struct Calls {
    explicit Calls(io::Clock& clock) : receive(clock), remove(clock) {}

    io::PendingCall<EventQueue::Received> receive;
    io::PendingCall<std::monostate> remove;
  };
  Calls& calls_of(const std::string& queue);

  std::shared_ptr<Ec2Client> client_;  // shared with calls that live longer than this
  io::Clock& clock_;
  std::map<std::string, Calls> calls_;  // by the URLs of the queues
};

}  // namespace hydra_provisioner::providers::ec2
