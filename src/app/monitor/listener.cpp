#include "app/monitor/listener.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

namespace hydra_provisioner::app {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

using boost::system::error_code;

constexpr std::uint32_t header_bytes_max = 8 * 1024;
constexpr int connections_max = 32;
constexpr std::chrono::seconds time_for_request{5};
constexpr std::chrono::seconds time_for_answer{20};
constexpr std::chrono::seconds time_to_part{1};
constexpr std::chrono::milliseconds pause_after_trouble{200};
constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

// The text lives as long as its connection, because the body only points to it.
struct Answer {
  http::response<http::span_body<const char>> response;
  std::shared_ptr<const std::string> text;
};

Answer answer_with(http::status status, Page page) {
  Answer answer{.response = {}, .text = std::move(page.text)};
  answer.response.version(11);
  answer.response.result(status);
  answer.response.keep_alive(false);
  answer.response.set(http::field::content_type, page.content_type);
  answer.response.set(http::field::cache_control, "no-store");
  answer.response.set("X-Content-Type-Options", "nosniff");
  answer.response.body() = {answer.text->data(), answer.text->size()};
  answer.response.content_length(answer.text->size());
  return answer;
}

Answer refusal(http::status status, std::string_view why) {
  return answer_with(status,
                     {"text/plain; charset=utf-8", std::make_shared<const std::string>(fmt::format("{}\n", why))});
}

std::string paths_of(const Routes& routes) {
  std::string paths;
  for (const auto& [path, page] : routes) paths += (paths.empty() ? "" : ", ") + path;
  return paths;
}

Answer answer_to(const http::request_header<>& request, const Routes& routes) {
  if (request.method() != http::verb::get && request.method() != http::verb::head) {
    Answer answer = refusal(http::status::method_not_allowed, "this server can only be read: use GET or HEAD");
    answer.response.set(http::field::allow, "GET, HEAD");
    return answer;
  }
  const std::string_view target(request.target().data(), request.target().size());
  const auto route = routes.find(target.substr(0, target.find('?')));
  if (route == routes.end())
    return refusal(http::status::not_found, fmt::format("there is no such page, only {}", paths_of(routes)));
  Page page = route->second();
  if (!page.text) return refusal(http::status::service_unavailable, "no pass has ended yet; ask again later");
  return answer_with(http::status::ok, std::move(page));
}

asio::awaitable<void> send(beast::tcp_stream& stream, Answer& answer, bool is_head) {
  stream.expires_after(time_for_answer);
  http::response_serializer<http::span_body<const char>> serializer(answer.response);
  if (is_head) {
    co_await http::async_write_header(stream, serializer, as_result);
  } else {
    co_await http::async_write(stream, serializer, as_result);
  }
}

// What the client has sent beyond its header, such as the body of a POST, is read and dropped: the system would
// otherwise break the connection off, and the client might never see the answer.
asio::awaitable<void> part(beast::tcp_stream& stream) {
  error_code ignored;
  static_cast<void>(stream.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored));
  stream.expires_after(time_to_part);
  char dropped[4096];
  while (true) {
    const auto [error, count] = co_await stream.async_read_some(asio::buffer(dropped), as_result);
    if (error) co_return;
  }
}

// The client has sent what is no request, or too large. It has not merely gone away or been silent.
bool is_nonsense(const error_code& error) {
  static const auto& of_parser = http::make_error_code(http::error::bad_method).category();
  const bool is_gone = error == http::error::end_of_stream || error == http::error::partial_message;
  return error.category() == of_parser && !is_gone;
}

asio::awaitable<void> serve(beast::tcp_stream& stream, const Routes& routes) {
  beast::flat_buffer buffer(header_bytes_max);
  http::request_parser<http::empty_body> parser;
  parser.header_limit(header_bytes_max);
  stream.expires_after(time_for_request);
  const auto [error, bytes] = co_await http::async_read_header(stream, buffer, parser, as_result);
  if (error && !is_nonsense(error)) co_return;
  Answer answer = error ? refusal(http::status::bad_request, fmt::format("this is no request: {}", error.message()))
                        : answer_to(parser.get().base(), routes);
  co_await send(stream, answer, !error && parser.get().method() == http::verb::head);
  co_await part(stream);
}

// One more for as long as it lives.
class Counted {
 public:
  explicit Counted(int& count) : count_(count) { ++count_; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  ~Counted() { --count_; }

 private:
  int& count_;
};

error_code bind(asio::ip::tcp::acceptor& acceptor, const asio::ip::tcp::endpoint& place) {
  error_code error;
  if (acceptor.open(place.protocol(), error)) return error;
  if (acceptor.set_option(asio::socket_base::reuse_address(true), error)) return error;
  if (acceptor.bind(place, error)) return error;
  return acceptor.listen(connections_max, error);
}

}  // namespace

class Listener::Server {
 public:
  explicit Server(Routes routes) : routes_(std::move(routes)) {}
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server() {
    context_.stop();
    if (thread_.joinable()) thread_.join();
  }

  Expected<void> open(const io::Endpoint& endpoint) {
    const asio::ip::tcp::endpoint place(asio::ip::make_address(endpoint.address), endpoint.port);
    if (const error_code error = bind(acceptor_, place))
      return failure(fmt::format(
          "metricsListen: cannot listen at {}:{}: {}; choose an address of this host and a port that is free",
          endpoint.address.contains(':') ? "[" + endpoint.address + "]" : endpoint.address, endpoint.port,
          error.message()));
    asio::co_spawn(context_, accept(), asio::detached);
    thread_ = std::thread([this] { context_.run(); });
    return {};
  }

  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

 private:
  asio::awaitable<void> accept() {
    while (true) {
      auto [error, socket] = co_await acceptor_.async_accept(as_result);
      if (error == asio::error::operation_aborted) co_return;
      if (error) {  // too many open files, perhaps
        co_await pause();
      } else if (connections_ < connections_max) {
        asio::co_spawn(context_, attend(beast::tcp_stream(std::move(socket))), asio::detached);
      }  // else the socket is closed: all those who are served will be done in some seconds
    }
  }

  asio::awaitable<void> pause() {
    asio::steady_timer timer(context_, pause_after_trouble);
    co_await timer.async_wait(as_result);
  }

  asio::awaitable<void> attend(beast::tcp_stream stream) {
    const Counted counted(connections_);
    co_await serve(stream, routes_);
  }

  Routes routes_;
  asio::io_context context_{1};
  asio::ip::tcp::acceptor acceptor_{context_};
  int connections_ = 0;
  std::thread thread_;
};

Listener::Listener(std::unique_ptr<Server> server) : server_(std::move(server)) {}
Listener::~Listener() = default;

Expected<std::unique_ptr<Listener>> Listener::open(const io::Endpoint& endpoint, Routes routes) {
  auto server = std::make_unique<Server>(std::move(routes));
  if (auto opened = server->open(endpoint); !opened) return std::unexpected(std::move(opened.error()));
  return std::unique_ptr<Listener>(new Listener(std::move(server)));
}

std::uint16_t Listener::port() const { return server_->port(); }

}  // namespace hydra_provisioner::app
