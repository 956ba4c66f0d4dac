// A small HTTP server that can only be read: GET and HEAD, one request a connection.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "io/text/endpoint.hpp"
#include "model/error.hpp"

namespace hydra_provisioner::io {

struct Request {
  std::string path;  // not decoded
  std::map<std::string, std::string> query{};
  std::stop_token stop{};  // requested when the answer has taken too long, or the server ends
};

struct Page {
  std::string content_type;
  std::shared_ptr<const std::string> text;  // null: there is none yet
  unsigned status = 200;
};

Page page_of(std::string content_type, std::string text, unsigned status = 200);

enum class Effort : std::uint8_t {
  none,  // answered on the listener's own thread
  some,  // milliseconds: on others
  much,  // up to a minute: on one of the lowest priority, for which only a few can wait
};

struct Route {
  std::function<Page(const Request&)> answer;
  Effort effort = Effort::none;
};
// By path, such as `/metrics`. One that ends in `/` is for all paths below it, which no other route has.
using Routes = std::map<std::string, Route, std::less<>>;

// The path at which clients are told of news, as server-sent events. Each of them is told the latest news at once.
inline constexpr std::string_view news_path = "/news";

// A process may often have 1,024 files open, and the passes need some of them.
struct ListenerLimits {
  int connections = 600;
  int listeners = 400;  // of them, those that wait for news, which they do for as long as they like
};

// It works on threads of its own: it never delays a pass, and no pass delays it.
class Listener {
 public:
  // With port 0 the system chooses one. At a loopback address, only those are served who call it by an address or
  // a name without a dot, such as `localhost`: a page from elsewhere may have a name that means this host.
  static Expected<std::unique_ptr<Listener>> open(const Endpoint& endpoint, Routes routes,
                                                  const ListenerLimits& limits = {});
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener();

  std::uint16_t port() const;

  // Of one line.
  void tell(std::string news);

 private:
  class Server;
  explicit Listener(std::unique_ptr<Server> server);

  std::unique_ptr<Server> server_;
};

}  // namespace hydra_provisioner::io
