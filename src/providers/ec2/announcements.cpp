#include "providers/ec2/announcements.hpp"

#include <tuple>
#include <utility>

namespace hydra_provisioner::providers::ec2 {
namespace {

// A queue that holds nothing answers after a second.
constexpr Seconds patience{5};

io::Task<Expected<EventQueue::Received>> received_from(std::shared_ptr<Ec2Client> client, std::string queue,
                                                       std::string region) {
  EventQueue events(*client, std::move(queue), std::move(region));
  co_return co_await events.receive();
}

io::Task<Expected<std::monostate>> removed_from(std::shared_ptr<Ec2Client> client, std::string queue,
                                                std::string region, std::vector<std::string> receipts) {
  EventQueue events(*client, std::move(queue), std::move(region));
  const auto removed = co_await events.remove(std::move(receipts));
  if (!removed) co_return std::unexpected(removed.error());
  co_return std::monostate{};
}

}  // namespace

Announcements::Calls& Announcements::calls_of(const std::string& queue) {
  return calls_.try_emplace(queue, clock_).first->second;
}

io::Task<std::optional<Expected<EventQueue::Received>>> Announcements::receive(std::string queue, std::string region) {
  auto& call = calls_of(queue).receive;
  if (!call.is_pending() && !call.is_answered())
    co_await call.start([client = client_, queue, region] { return received_from(client, queue, region); });
  co_return co_await call.wait(patience);
}

io::Task<void> Announcements::remove(std::string queue, std::string region, std::vector<std::string> receipts) {
  auto& call = calls_of(queue).remove;
  if (receipts.empty() || call.is_pending()) co_return;
  co_await call.start([client = client_, queue, region, receipts = std::move(receipts)] {
    return removed_from(client, queue, region, receipts);
  });
  std::ignore = co_await call.wait(patience);
}

}  // namespace hydra_provisioner::providers::ec2
