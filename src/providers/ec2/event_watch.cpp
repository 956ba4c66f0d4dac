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

constexpr Seconds round{60};
// After an answer that was not empty: a pass has time to read the queue, and what it leaves there is no news again and
// again.
constexpr Seconds pause{5};

bool has_news(const EventQueue::Received& received, Instant now) {
  return std::ranges::any_of(received.notices, [&](const Notice& notice) { return !is_outdated(notice, now); });
}

}  // namespace

// The pools may change while it listens, so only what it needs of them is copied.
io::Task<void> EventWatch::hear(const std::map<PoolName, PoolConfig>& pools, Heard heard) {
  std::vector<Ec2Settings> settings;
  for (const auto& [name, pool] : pools)
    std::ranges::move(by_region(ec2_settings_of(pool)), std::back_inserter(settings));
  return hear_all(event_queues(settings), std::move(heard));
}

io::Task<void> EventWatch::hear_all(std::map<std::string, std::string> queues, Heard heard) {
  if (queues.empty()) co_return co_await clock_.sleep_for(pause);
  std::vector<std::function<io::Task<void>()>> tasks;
  tasks.reserve(queues.size());
  const Instant until = clock_.now() + round;
  for (const auto& [queue, region] : queues)
    tasks.emplace_back([this, queue, region, until, &heard] { return hear_queue(queue, region, until, heard); });
  const std::size_t all = tasks.size();
  co_await io::run_all(std::move(tasks), all);
}

io::Task<void> EventWatch::hear_queue(std::string queue, std::string region, Instant until, const Heard& heard) {
  EventQueue events(client_, std::move(queue), std::move(region));
  do {
    const auto received = co_await events.peek();
    if (received && received->receipts.empty() && received->foreign == 0) continue;
    heard(received && has_news(*received, clock_.now()));
    co_await clock_.sleep_for(pause);
  } while (clock_.now() < until);
}

}  // namespace hydra_provisioner::providers::ec2
