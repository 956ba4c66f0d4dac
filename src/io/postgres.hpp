// Questions to PostgreSQL, in which Hydra keeps its builds, of which no other coroutine has to wait.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/thread_pool.hpp>

#include "io/async/task.hpp"
#include "model/error.hpp"
#include "model/time.hpp"

namespace hydra_provisioner::io {

// To a program that listens at the database: it is notified on `channel`, notifies `answers` when it has answered, and
// `query` gives one text, its answer.
struct DatabaseQuestion {
  std::string channel;
  std::string answers;
  std::string query;
};

using DatabaseRow = std::vector<std::string>;  // its fields as text; what is null is empty

class Postgres {
 public:
  // None: the query gives no text, so nothing listens. An answer that stood there before is never returned.
  Task<Expected<std::optional<std::string>>> ask(std::string where, DatabaseQuestion question, Seconds timeout);
  Task<Expected<std::vector<DatabaseRow>>> query(std::string where, std::string sql, Seconds timeout);
  // Sends a notification (NOTIFY) to all that listen to the channel.
  Task<Expected<void>> notify(std::string where, std::string channel, std::string payload);

 private:
  boost::asio::thread_pool& threads();

  std::unique_ptr<boost::asio::thread_pool> threads_;  // for libpq, which blocks; null before the first call
};

}  // namespace hydra_provisioner::io
