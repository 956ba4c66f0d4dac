// Hears what is notified (LISTEN, NOTIFY) in a PostgreSQL database, for as long as it lives.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include "model/error.hpp"

namespace hydra_provisioner::io {

// A connection may be dead without a sign, and a pooler may lend the server's session to others. So the listener
// notifies itself now and then, and expects to hear that.
struct ListenerRhythm {
  std::chrono::milliseconds proof{20'000};  // the pause between two of them
  std::chrono::seconds heard_within{10};
  std::chrono::milliseconds first_pause{1'000};  // until it connects again; doubled after each failure
  std::chrono::milliseconds last_pause{60'000};
};

class PostgresListener {
 public:
  struct Ears {
    // Something was notified, or may have been while it was not connected. Told ten times a second at most.
    std::function<void()> heard;
    // It works from now on, or why it does not. Told when that changes.
    std::function<void(const Expected<void>&)> changed;
  };

  // `where` as for PostgresConnection.
  PostgresListener(const boost::asio::any_io_executor& executor, std::string where, std::vector<std::string> channels,
                   Ears ears, ListenerRhythm rhythm = {});
  PostgresListener(const PostgresListener&) = delete;
  PostgresListener& operator=(const PostgresListener&) = delete;
  ~PostgresListener();  // waits until nothing of it is under way any more

 private:
  class Session;
  std::shared_ptr<Session> session_;
};

}  // namespace hydra_provisioner::io
