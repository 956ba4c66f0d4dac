// Blocking work (SQLite) runs on a small pool of threads; the coroutine that asked for it goes on where it was.
#pragma once

#include <type_traits>
#include <utility>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "io/async/task.hpp"

namespace hydra_provisioner::io {

// `work` takes nothing and returns a value. Work cannot be interrupted: a caller that is cancelled meanwhile learns of
// it at its next wait. The pool must have ended before the caller's io_context goes.
template <class Work>
Task<std::invoke_result_t<Work>> offload(boost::asio::thread_pool& threads, Work work) {
  // The empty slot cuts the work off from cancellation: Asio 1.81 would post that to the pool, where it may arrive when
  // what it refers to is gone.
  co_return co_await boost::asio::co_spawn(
      threads, [](Work owned) -> Task<std::invoke_result_t<Work>> { co_return owned(); }(std::move(work)),
      boost::asio::bind_cancellation_slot(boost::asio::cancellation_slot(), boost::asio::use_awaitable));
}

}  // namespace hydra_provisioner::io
