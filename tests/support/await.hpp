// Runs a coroutine in a test.
#pragma once

#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include "io/async/task.hpp"

namespace hydra_provisioner::support {

// Returns or throws what the task does, after everything that it started has ended.
template <class T>
T await(io::Task<T> task) {
  boost::asio::io_context context;
  auto result = boost::asio::co_spawn(context, std::move(task), boost::asio::use_future);
  context.run();
  return result.get();
}

}  // namespace hydra_provisioner::support
