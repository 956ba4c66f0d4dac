#include "providers/ec2/event_watch.hpp"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <utility>
#include <vector>

#include "io/async/gather.hpp"
#include "providers/ec2/api/event_queue.hpp"
#include "providers/ec2/machines/specification.hpp"
#include "providers/ec2/regions.hpp"

namespace hydra_provisioner::providers::ec2 {
namespace {

// After an answer that was not empty: a pass has time to read the queue, and what it leaves there is no news again and
// again.
constexpr Seconds pause{10};

bool has_news(const EventQueue::Received& received, Instant now) {
  return std::ranges::any_of(received.notices, [&](const Notice& notice) { return !is_outdated(notice, now); });
}

}  // namespace

io::Task<void> EventWatch::hear(std::map<PoolName, PoolConfig> pools, std::function<void()> heard) {
  std::vector<Ec2Settings> settings;
  for (const auto& [name, pool] : pools)
    std::ranges::move(by_region(ec2_settings_of(pool)), std::back_inserter(settings));
  std::vector<std::function<io::Task<void>()>> tasks;
  for (const auto& [queue, region] : event_queues(settings))
    tasks.emplace_back([this, queue, region, &heard] { return hear_queue(queue, region, heard); });
  if (tasks.empty()) co_return co_await clock_.sleep_for(pause);
  const std::size_t all = tasks.size();
  co_await io::run_all(std::move(tasks), all);
}

// A queue that cannot be read is a problem that passes report.
io::Task<void> EventWatch::hear_queue(std::string queue, std::string region, const std::function<void()>& heard) {
  EventQueue events(client_, std::move(queue), std::move(region));
  const auto received = co_await events.peek();
  if (received && has_news(*received, clock_.now())) heard();
  if (!received || !received->receipts.empty() || received->foreign > 0) co_await clock_.sleep_for(pause);
}

}  // namespace hydra_provisioner::providers::ec2
