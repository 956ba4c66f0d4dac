// Runs blocking work (SQLite) on a small pool of threads. The coroutine that waits for it goes on on its own thread.
#pragma once

#include <type_traits>
#include <utility>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "io/async/task.hpp"

namespace hydra_provisioner::io {

// `work` takes no argument and returns a value. Work cannot be interrupted: a caller that is cancelled meanwhile learns
// of it at its next wait. The pool must end before the caller's io_context is destroyed.
template <class Work>
Task<std::invoke_result_t<Work>> offload(boost::asio::thread_pool& threads, Work work) {
  // The empty slot keeps cancellation away from the work. Asio 1.81 would post it to the pool, where it may arrive
  // after the work was destroyed.
  co_return co_await boost::asio::co_spawn(
      threads, [](Work owned) -> Task<std::invoke_result_t<Work>> { co_return owned(); }(std::move(work)),
      boost::asio::bind_cancellation_slot(boost::asio::cancellation_slot(), boost::asio::use_awaitable));
}

}  // namespace hydra_provisioner::io
