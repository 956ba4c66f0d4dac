// The one kind of coroutine in this program. All run on one thread; what blocks goes through io/offload.hpp.
#pragma once

#include <boost/asio/awaitable.hpp>

namespace hydra_provisioner::io {

template <class T>
using Task = boost::asio::awaitable<T>;

}  // namespace hydra_provisioner::io
