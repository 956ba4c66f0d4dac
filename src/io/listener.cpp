#include "io/listener.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <exception>
#include <set>
#include <thread>
#include <utility>

#include <sys/resource.h>
#include <unistd.h>

#include <fmt/format.h>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include "io/async/offload.hpp"
#include "io/text/url.hpp"

namespace hydra_provisioner::io {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

using boost::system::error_code;

constexpr std::uint32_t header_bytes_max = 8 * 1024;
constexpr int backlog = 256;          // connections that the system keeps until they are accepted
constexpr int efforts_max = 256;      // under way and waiting, of those that are answered quickly
constexpr int great_efforts_max = 4;  // and of those that are not
constexpr std::chrono::seconds time_for_request{5};
constexpr std::chrono::seconds time_for_effort{60};
constexpr std::chrono::seconds time_for_answer{20};
constexpr std::chrono::seconds time_to_part{1};
constexpr std::chrono::seconds time_between_news{15};  // then something is sent, to see whether the client is there
constexpr std::chrono::milliseconds pause_after_trouble{200};
constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
constexpr const char* plain_text = "text/plain; charset=utf-8";

// Pages run the scripts and have the styles of this server, and load nothing else.
constexpr const char* content_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'";

// The text lives as long as its connection, because the body only points to it.
struct Answer {
  http::response<http::span_body<const char>> response;
  std::shared_ptr<const std::string> text;
};

template <class Response>
void set_headers(Response& response, const std::string& content_type) {
  response.version(11);
  response.keep_alive(false);
  response.set(http::field::content_type, content_type);
  response.set(http::field::cache_control, "no-store");
  response.set("Content-Security-Policy", content_policy);
  response.set("Cross-Origin-Resource-Policy", "same-origin");
  response.set("Referrer-Policy", "no-referrer");
  response.set("X-Content-Type-Options", "nosniff");
}

Answer answer_with(Page page) {
  Answer answer{.response = {}, .text = std::move(page.text)};
  answer.response.result(page.status);
  set_headers(answer.response, page.content_type);
  answer.response.body() = {answer.text->data(), answer.text->size()};
  answer.response.content_length(answer.text->size());
  return answer;
}

Answer refusal(http::status status, std::string_view why) {
  return answer_with(page_of(plain_text, fmt::format("{}\n", why), static_cast<unsigned>(status)));
}

std::string paths_of(const Routes& routes) {
  std::string paths;
  for (const auto& [path, page] : routes) paths += (paths.empty() ? "" : ", ") + path;
  return paths;
}

// Null: there is none.
const Route* route_of(std::string_view path, const Routes& routes) {
  if (const auto exact = routes.find(path); exact != routes.end() && !(path.ends_with('/') && path != "/"))
    return &exact->second;
  const std::size_t folder_end = path.find('/', 1);
  if (folder_end == std::string_view::npos || folder_end + 1 == path.size()) return nullptr;
  const auto folder = routes.find(path.substr(0, folder_end + 1));
  return folder == routes.end() ? nullptr : &folder->second;
}

std::string_view path_of(std::string_view target) { return target.substr(0, target.find('?')); }

Request request_for(std::string_view target, std::stop_token stop) {
  const std::string_view path = path_of(target);
  const std::string_view query = target.substr(std::min(path.size() + 1, target.size()));
  return {.path = std::string(path), .query = parse_query(query), .stop = std::move(stop)};
}

// A host as this one is called from itself: an address, or a name without a dot, as others' names on the internet have.
bool is_own_name(std::string_view host) {
  const std::size_t port = host.rfind(':');
  if (port != std::string_view::npos && host.find_first_not_of("0123456789", port + 1) == std::string_view::npos)
    host = host.substr(0, port);
  error_code error;
  asio::ip::make_address(std::string(host), error);
  return !host.contains('.') || !error;
}

std::string_view target_of(const http::request_header<>& request) {
  return {request.target().data(), request.target().size()};
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
  const error_code of_parser = http::error::bad_method;
  const bool is_gone = error == http::error::end_of_stream || error == http::error::partial_message;
  return error.category() == of_parser.category() && !is_gone;
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
  return acceptor.listen(backlog, error);
}

// What a handler throws is a fault of this program, and must not end it.
Page made_by(const Route& route, const Request& request) {
  try {
    return route.answer(request);
  } catch (const std::exception& fault) {
    return page_of(plain_text, fmt::format("this page cannot be made: {}\n", fault.what()), 500);
  }
}

// Of the calling thread alone.
void work_at_lowest_priority() {
  constexpr int lowest = 19;
  setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), lowest);
}

}  // namespace

Page page_of(std::string content_type, std::string text, unsigned status) {
  return {std::move(content_type), std::make_shared<const std::string>(std::move(text)), status};
}

class Listener::Server {
 public:
  Server(Routes routes, const ListenerLimits& limits) : routes_(std::move(routes)), limits_(limits) {
    asio::post(slow_thread_, work_at_lowest_priority);
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server() {
    stop_.request_stop();
    context_.stop();
    if (thread_.joinable()) thread_.join();
    for (asio::thread_pool* threads : {&quick_threads_, &slow_thread_}) {
      threads->stop();  // what has not begun is not begun
      threads->join();
    }
  }

  Expected<void> open(const Endpoint& endpoint) {
    const asio::ip::tcp::endpoint place(asio::ip::make_address(endpoint.address), endpoint.port);
    is_loopback_ = place.address().is_loopback();
    if (const error_code error = bind(acceptor_, place))
      return failure(fmt::format("cannot listen at {}:{}: {}; choose an address of this host and a port that is free",
                                 endpoint.address.contains(':') ? "[" + endpoint.address + "]" : endpoint.address,
                                 endpoint.port, error.message()));
    asio::co_spawn(context_, accept(), asio::detached);
    thread_ = std::thread([this] { context_.run(); });
    return {};
  }

  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

  void tell(std::string news) {
    asio::post(context_, [this, owned = std::move(news)]() mutable {
      news_ = std::move(owned);
      ++news_count_;
      for (asio::steady_timer* waiting : waiting_for_news_) waiting->cancel();
    });
  }

 private:
  asio::awaitable<void> accept() {
    while (true) {
      auto [error, socket] = co_await acceptor_.async_accept(as_result);
      if (error == asio::error::operation_aborted) co_return;
      if (error) {  // too many open files, perhaps
        co_await pause();
      } else if (connections_ < limits_.connections) {
        asio::co_spawn(context_, attend(beast::tcp_stream(std::move(socket))), asio::detached);
      }  // else the socket is closed: most of those who are served will be done in some seconds
    }
  }

  asio::awaitable<void> pause() {
    asio::steady_timer timer(context_, pause_after_trouble);
    co_await timer.async_wait(as_result);
  }

  asio::awaitable<void> attend(beast::tcp_stream stream) {
    const Counted counted(connections_);
    beast::flat_buffer buffer(header_bytes_max);
    http::request_parser<http::empty_body> parser;
    parser.header_limit(header_bytes_max);
    stream.expires_after(time_for_request);
    const auto [error, bytes] = co_await http::async_read_header(stream, buffer, parser, as_result);
    if (error && !is_nonsense(error)) co_return;
    const bool is_head = !error && parser.get().method() == http::verb::head;
    const bool is_get = !error && parser.get().method() == http::verb::get;
    const bool is_for_news = (is_get || is_head) && path_of(target_of(parser.get().base())) == news_path;
    if (is_for_news && std::ssize(waiting_for_news_) < limits_.listeners) {
      co_await send_news(stream, is_head);
      co_return;
    }
    Answer answer = error ? refusal(http::status::bad_request, "this is no request: " + error.message())
                          : co_await answer_to(parser.get().base());
    co_await send(stream, answer, is_head);
    co_await part(stream);
  }

  asio::awaitable<Answer> answer_to(const http::request_header<>& request) {
    if (request.method() != http::verb::get && request.method() != http::verb::head) {
      Answer answer = refusal(http::status::method_not_allowed, "this server can only be read: use GET or HEAD");
      answer.response.set(http::field::allow, "GET, HEAD");
      co_return answer;
    }
    if (is_loopback_ && !is_own_name(request[http::field::host]))
      co_return refusal(http::status::misdirected_request,
                        "this server listens on a loopback address: call it by that, or by localhost; a proxy has to "
                        "send that as Host");
    const std::string_view target = target_of(request);
    if (path_of(target) == news_path)
      co_return refusal(http::status::service_unavailable, "too many listen to the news; try again later");
    const Route* route = route_of(path_of(target), routes_);
    if (route == nullptr)
      co_return refusal(http::status::not_found, fmt::format("there is no such page, only {}", paths_of(routes_)));
    if ((route->effort == Effort::much && great_efforts_ >= great_efforts_max) ||
        (route->effort == Effort::some && efforts_ >= efforts_max))
      co_return refusal(http::status::service_unavailable, "too many ask for this at the same time; try again later");
    Page page = co_await page_for(request_for(target, stop_.get_token()), *route);
    if (!page.text) co_return refusal(http::status::service_unavailable, "no pass has ended yet; ask again later");
    co_return answer_with(std::move(page));
  }

  asio::awaitable<Page> page_for(Request request, const Route& route) {
    if (route.effort == Effort::none) co_return made_by(route, request);
    if (route.effort == Effort::some) {
      const Counted counted(efforts_);
      co_return co_await offload(quick_threads_, [&] { return made_by(route, request); });
    }
    const Counted counted(great_efforts_);
    std::stop_source until;  // too much time, or the end of this server
    const std::stop_callback at_end(request.stop, [&until] { until.request_stop(); });
    request.stop = until.get_token();
    asio::steady_timer deadline(context_, asio::steady_timer::time_point::max());
    co_return co_await offload(slow_thread_, [&] {
      asio::post(context_, [&deadline, until] { begin(deadline, until); });
      return made_by(route, request);
    });
  }

  static void begin(asio::steady_timer& deadline, const std::stop_source& until) {
    deadline.expires_after(time_for_effort);
    deadline.async_wait([until](const error_code& error) mutable {
      if (!error) until.request_stop();
    });
  }

  // A client that does not read is noticed when its buffers are full, or when it has gone.
  asio::awaitable<void> send_news(beast::tcp_stream& stream, bool is_head) {
    http::response<http::empty_body> head;
    head.result(http::status::ok);
    set_headers(head, "text/event-stream");
    http::response_serializer<http::empty_body> serializer(head);
    stream.expires_after(time_for_answer);
    const auto [refused, bytes] = co_await http::async_write_header(stream, serializer, as_result);
    if (refused || is_head) co_return;
    asio::steady_timer timer(context_);
    const auto place = waiting_for_news_.insert(&timer).first;
    std::uint64_t told = 0;
    while (true) {
      const std::string text = told == news_count_ ? ":\n\n" : fmt::format("data: {}\n\n", news_);
      told = news_count_;
      stream.expires_after(time_for_answer);
      const auto [error, count] = co_await asio::async_write(stream, asio::buffer(text), as_result);
      if (error) break;
      stream.expires_never();
      if (told != news_count_) continue;
      timer.expires_after(time_between_news);
      co_await timer.async_wait(as_result);
    }
    waiting_for_news_.erase(place);
  }

  Routes routes_;
  ListenerLimits limits_;
  std::stop_source stop_;
  asio::io_context context_{1};
  asio::thread_pool quick_threads_{2};  // one page that takes long keeps no other waiting
  asio::thread_pool slow_thread_{1};
  asio::ip::tcp::acceptor acceptor_{context_};
  int connections_ = 0;
  int efforts_ = 0;
  int great_efforts_ = 0;
  bool is_loopback_ = false;
  std::string news_;
  std::uint64_t news_count_ = 0;
  std::set<asio::steady_timer*> waiting_for_news_;
  std::thread thread_;
};

Listener::Listener(std::unique_ptr<Server> server) : server_(std::move(server)) {}
Listener::~Listener() = default;

Expected<std::unique_ptr<Listener>> Listener::open(const Endpoint& endpoint, Routes routes,
                                                   const ListenerLimits& limits) {
  try {
    auto server = std::make_unique<Server>(std::move(routes), limits);
    if (auto opened = server->open(endpoint); !opened) return std::unexpected(std::move(opened.error()));
    return std::unique_ptr<Listener>(new Listener(std::move(server)));
  } catch (const std::exception& error) {  // no more threads or files
    return failure(
        fmt::format("cannot listen at {}: {}; look after the limits of this process", endpoint.address, error.what()));
  }
}

std::uint16_t Listener::port() const { return server_->port(); }

void Listener::tell(std::string news) { server_->tell(std::move(news)); }

}  // namespace hydra_provisioner::io
