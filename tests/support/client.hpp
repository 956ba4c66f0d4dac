// A connection to a server on the loopback interface, as bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace hydra_provisioner::support {

class Client {
 public:
  explicit Client(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address);
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client() { ::close(socket_); }

  // As far as the server takes it.
  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
  }

  // Whether it has sent what was not read yet, or has closed the connection.
  bool has_answer() const {
    pollfd state{.fd = socket_, .events = POLLIN, .revents = 0};
    return ::poll(&state, 1, 0) == 1;
  }

  // What the server sends until it has sent this, or has closed the connection.
  std::string until(std::string_view text) {
    std::string received;
    char byte = 0;
    while (!received.ends_with(text) && ::read(socket_, &byte, 1) == 1) received += byte;
    return received;
  }

  // All that the server still sends, until it closes the connection.
  std::string rest() {
    std::string received;
    char bytes[65536];
    ssize_t count = 0;
    while ((count = ::read(socket_, bytes, sizeof bytes)) > 0) received.append(bytes, static_cast<std::size_t>(count));
    return received;
  }

 private:
  int socket_;
};

}  // namespace hydra_provisioner::support
