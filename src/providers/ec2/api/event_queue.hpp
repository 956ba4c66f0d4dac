// What EC2 announces about instances: EventBridge writes its events into a queue of SQS.
// docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-instance-termination-notices.html
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/async/task.hpp"
#include "model/enum_names.hpp"
#include "model/error.hpp"
#include "model/names.hpp"
#include "model/time.hpp"
#include "providers/ec2/api/client.hpp"

namespace hydra_provisioner::providers::ec2 {

enum class Announcement : std::uint8_t {
  interruption,  // EC2 takes the spot instance back in two minutes
  rebalance,     // it may do so soon, and recommends to replace the instance
};
struct Notice {
  InstanceId instance;
  Announcement what{};
  Instant at;  // of the event
};

// An error: it is no announcement of an end, but another event of AWS, or none.
Expected<Notice> read_notice(std::string_view event);

// Whether the notice came so late that it says nothing any more.
bool is_outdated(const Notice& notice, Instant now);

// "EC2 takes it back two minutes after 2026-01-15 12:00:30"
std::string described(const Notice& notice);

// The region in the URL of a queue, `https://sqs.REGION.amazonaws.com/…`; empty: it has none.
std::string region_of_queue(std::string_view url);

class EventQueue {
 public:
  // `url` as SQS shows it.
  EventQueue(Ec2Client& client, std::string url, std::string region);

  struct Received {
    std::vector<Notice> notices;
    std::vector<std::string> receipts;  // of these
    std::int64_t foreign = 0;           // other messages, which stay in the queue
  };
  // At most a thousand messages, in some seconds.
  io::Task<Expected<Received>> receive();
  // Waits for a message, 20 seconds at most, and leaves what it sees in the queue, for receive().
  io::Task<Expected<Received>> peek();
  // To be called when what was received has been recorded: others come again.
  io::Task<Expected<void>> remove(std::vector<std::string> receipts);

 private:
  // How long SQS waits for messages, and does not show them to others.
  struct Terms {
    Seconds patience{};
    std::optional<Seconds> hidden_for{};  // none: as the queue says
  };
  // Adds to `all` what one answer has, and returns how many messages these are.
  io::Task<Expected<std::size_t>> receive_some(Terms terms, Received& all);

  Ec2Client& client_;
  Place place_;
};

}  // namespace hydra_provisioner::providers::ec2

template <>
inline constexpr auto hydra_provisioner::names_of<hydra_provisioner::providers::ec2::Announcement> =
    hydra_provisioner::enum_names("interruption", "rebalance");
