// PostgreSQL, in which Hydra keeps its builds.
#pragma once

#include <memory>
#include <string>

#include <boost/asio/thread_pool.hpp>

#include "io/async/task.hpp"
#include "model/error.hpp"

namespace hydra_provisioner::io {

// `where` as libpq takes it (`dbname=hydra host=/run/postgresql`, a URI) or as Hydra does (`dbi:Pg:dbname=hydra;`), in
// libpq's form and with deadlines.
std::string connection_string(std::string where);

class Postgres {
 public:
  // Sends a notification (NOTIFY) to all that listen to the channel.
  Task<Expected<void>> notify(std::string where, std::string channel, std::string payload);

 private:
  std::unique_ptr<boost::asio::thread_pool> threads_;  // for libpq, which blocks; null before the first call
};

}  // namespace hydra_provisioner::io
