#include "io/async/gather.hpp"

#include <algorithm>
#include <exception>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace hydra_provisioner::io {
namespace {

namespace asio = boost::asio;

using Tasks = std::vector<std::function<Task<void>()>>;

// All workers share `next`. It and the tasks belong to run_all(), which waits for the workers.
Task<void> work_off(const Tasks& tasks, std::size_t& next) {
  while (next < tasks.size()) co_await tasks[next++]();
}

}  // namespace

Task<void> run_all(Tasks tasks, std::size_t parallel_max) {
  if (tasks.empty()) co_return;
  const std::size_t count = std::clamp(parallel_max, std::size_t{1}, tasks.size());
  std::size_t next = 0;
  if (count == 1) co_return co_await work_off(tasks, next);
  const auto executor = co_await asio::this_coro::executor;
  const auto worker = [&] { return asio::co_spawn(executor, work_off(tasks, next), asio::deferred); };
  std::vector<decltype(worker())> workers;
  workers.reserve(count);
  for (std::size_t n = 0; n < count; ++n) workers.push_back(worker());

  const auto [order, exceptions] = co_await asio::experimental::make_parallel_group(std::move(workers))
                                       .async_wait(asio::experimental::wait_for_one_error(), asio::use_awaitable);
  // In the order in which they ended: the first exception is the cause, the others only say that a task was cancelled.
  for (const std::size_t n : order) {
    if (exceptions[n]) std::rethrow_exception(exceptions[n]);
  }
}

}  // namespace hydra_provisioner::io
