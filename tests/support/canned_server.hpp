// An HTTP server on the loopback interface whose answers a test defines.
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/listening_socket.hpp"

namespace hydra_provisioner::support {

class CannedServer {
 public:
  // `answer` makes the whole reply from the first line and headers of a request. It runs on the server's thread.
  explicit CannedServer(std::function<std::string(const std::string& request)> answer) : answer_(std::move(answer)) {
    thread_ = std::thread([this] { serve(); });
  }
  CannedServer(const CannedServer&) = delete;
  CannedServer& operator=(const CannedServer&) = delete;
  ~CannedServer() {
    socket_.end();
    thread_.join();
  }

  std::string url() const { return "http://127.0.0.1:" + std::to_string(socket_.port()); }

  std::vector<std::string> requests() {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  void serve() {
    socket_.serve_each([this](int peer) {
      std::string request;
      char bytes[4096];
      while (!request.contains("\r\n\r\n")) {
        const ssize_t count = ::read(peer, bytes, sizeof bytes);
        if (count <= 0) break;
        request.append(bytes, static_cast<std::size_t>(count));
      }
      {
        const std::lock_guard lock(mutex_);
        requests_.push_back(request);
      }
      const std::string reply = answer_(request);
      std::string_view rest = reply;
      while (!rest.empty()) {
        const ssize_t count = ::send(peer, rest.data(), rest.size(), MSG_NOSIGNAL);
        if (count <= 0) break;
        rest.remove_prefix(static_cast<std::size_t>(count));
      }
    });
  }

  std::function<std::string(const std::string&)> answer_;
  ListeningSocket socket_;
  std::mutex mutex_;
  std::vector<std::string> requests_;
  std::thread thread_;
};

inline std::string reply(int status, const std::string& body) {
  return "HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\nConnection: close\r\n\r\n" + body;
}

}  // namespace hydra_provisioner::support
