// A socket that listens on the loopback interface, at a port that was free.
#pragma once

#include <cstdint>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace hydra_provisioner::support {

class ListeningSocket {
 public:
  ListeningSocket() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address);
    ::listen(socket_, 16);
    socklen_t size = sizeof address;
    ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  ListeningSocket(const ListeningSocket&) = delete;
  ListeningSocket& operator=(const ListeningSocket&) = delete;
  ~ListeningSocket() { ::close(socket_); }

  std::uint16_t port() const { return port_; }

  // Calls serve() with each connection, one after the other, until end() is called on another thread.
  template <class Serve>
  void serve_each(const Serve& serve) const {
    for (int peer = -1; (peer = ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0; ::close(peer)) serve(peer);
  }
  void end() const { ::shutdown(socket_, SHUT_RDWR); }

 private:
  int socket_;
  std::uint16_t port_ = 0;
};

}  // namespace hydra_provisioner::support
