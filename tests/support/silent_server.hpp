// A server on the loopback interface that is no PostgreSQL: it takes connections, and says nothing, or rubbish.
#pragma once

#include <cstdint>
#include <string>
#include <thread>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace hydra_provisioner::support {

class SilentServer {
 public:
  // `rubbish`: what it does say, to each who says something.
  explicit SilentServer(const std::string& rubbish = "") : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address);
    ::listen(socket_, 16);
    socklen_t size = sizeof address;
    ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    if (!rubbish.empty()) thread_ = std::thread([this, rubbish] { answer(rubbish); });
  }
  SilentServer(const SilentServer&) = delete;
  SilentServer& operator=(const SilentServer&) = delete;
  ~SilentServer() {
    ::shutdown(socket_, SHUT_RDWR);
    if (thread_.joinable()) thread_.join();
    ::close(socket_);
  }

  // `timeout`: seconds in which a connection has to be made.
  std::string where(int timeout) const {
    return fmt::format("host=127.0.0.1 port={} connect_timeout={}", port_, timeout);
  }
  std::uint16_t port() const { return port_; }

 private:
  void answer(const std::string& text) const {
    for (int peer = -1; (peer = ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0; ::close(peer)) {
      char bytes[64];
      if (::read(peer, bytes, sizeof bytes) > 0) ::send(peer, text.data(), text.size(), MSG_NOSIGNAL);
    }
  }

  int socket_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

}  // namespace hydra_provisioner::support
