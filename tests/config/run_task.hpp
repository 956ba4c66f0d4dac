// Runs a coroutine to its end on an io_context of its own.
#pragma once

#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include "io/task.hpp"

namespace hydra_provisioner {

template <class Value>
Value run_task(Task<Value> task) {
  boost::asio::io_context context;
  auto result = boost::asio::co_spawn(context, std::move(task), boost::asio::use_future);
  context.run();
  return result.get();
}

}  // namespace hydra_provisioner
