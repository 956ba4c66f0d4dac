// The coroutine of this program. All of them run on one thread; blocking work goes through io/async/offload.hpp.
#pragma once

#include <boost/asio/awaitable.hpp>

namespace hydra_provisioner::io {

template <class T>
using Task = boost::asio::awaitable<T>;

}  // namespace hydra_provisioner::io
