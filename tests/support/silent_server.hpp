// A server on the loopback interface that is no PostgreSQL: it takes connections, and says nothing, or rubbish.
#pragma once

#include <cstdint>
#include <string>
#include <thread>

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/listening_socket.hpp"

namespace hydra_provisioner::support {

class SilentServer {
 public:
  // `rubbish`: what it does say, to each who says something.
  explicit SilentServer(const std::string& rubbish = "") {
    if (!rubbish.empty()) thread_ = std::thread([this, rubbish] { answer(rubbish); });
  }
  SilentServer(const SilentServer&) = delete;
  SilentServer& operator=(const SilentServer&) = delete;
  ~SilentServer() {
    socket_.end();
    if (thread_.joinable()) thread_.join();
  }

  // `timeout`: seconds in which a connection has to be made.
  std::string where(int timeout) const {
    return fmt::format("host=127.0.0.1 port={} connect_timeout={}", port(), timeout);
  }
  std::uint16_t port() const { return socket_.port(); }

 private:
  void answer(const std::string& text) const {
    socket_.serve_each([&](int peer) {
      char bytes[64];
      if (::read(peer, bytes, sizeof bytes) > 0) ::send(peer, text.data(), text.size(), MSG_NOSIGNAL);
    });
  }

  ListeningSocket socket_;
  std::thread thread_;
};

}  // namespace hydra_provisioner::support
