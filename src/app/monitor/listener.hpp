// A small HTTP server that can only be read: GET and HEAD, one request a connection.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "io/text/endpoint.hpp"
#include "model/error.hpp"

namespace hydra_provisioner::app {

struct Page {
  std::string content_type;
  std::shared_ptr<const std::string> text;  // null: there is none yet
};

// By path, such as `/metrics`. The functions are called on the listener's thread.
using Routes = std::map<std::string, std::function<Page()>, std::less<>>;

// It works on a thread of its own: it never delays a pass, and no pass delays it.
class Listener {
 public:
  // With port 0 the system chooses one.
  static Expected<std::unique_ptr<Listener>> open(const io::Endpoint& endpoint, Routes routes);
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener();

  std::uint16_t port() const;

 private:
  class Server;
  explicit Listener(std::unique_ptr<Server> server);

  std::unique_ptr<Server> server_;
};

}  // namespace hydra_provisioner::app
