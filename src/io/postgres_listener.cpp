#include "io/postgres_listener.hpp"

#include <algorithm>
#include <atomic>
#include <optional>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "io/async/offload.hpp"
#include "io/async/task.hpp"
#include "io/postgres_connection.hpp"

namespace hydra_provisioner::io {
namespace {

using std::chrono::milliseconds;
using ListeningStream = boost::asio::posix::stream_descriptor;

constexpr milliseconds heard_together{100};
constexpr const char* proof_channel = "hydra_provisioner_listens";

using OpenConnection = PostgresExpected<std::unique_ptr<PostgresConnection>>;

OpenConnection listen(const std::string& where, const std::vector<std::string>& channels, std::chrono::seconds patience,
                      const std::atomic<bool>& give_up) {
  auto connection = PostgresConnection::open(where, patience, &give_up);
  if (!connection) return std::unexpected(std::move(connection.error()));
  std::string statements = fmt::format("listen {}", proof_channel);
  for (const std::string& channel : channels) statements += fmt::format("; listen \"{}\"", channel);
  if (auto listens = connection->run(statements); !listens) return std::unexpected(std::move(listens.error()));
  return std::make_unique<PostgresConnection>(*std::move(connection));
}

// Whether anything else was heard meanwhile.
PostgresExpected<bool> prove(PostgresConnection& connection, std::chrono::seconds patience,
                             const std::atomic<bool>& give_up) {
  constexpr int looks_again_ms = 200;
  const auto end = std::chrono::steady_clock::now() + patience;
  const auto sent = connection.run(fmt::format("notify {}", proof_channel));
  if (!sent) return std::unexpected(sent.error());
  bool has_heard = false;
  while (!give_up && std::chrono::steady_clock::now() < end) {
    const auto all = connection.notifications();
    if (!all) return std::unexpected(all.error());
    has_heard = has_heard || std::ranges::any_of(*all, [](const auto& one) { return one.channel != proof_channel; });
    if (std::ranges::any_of(*all, &PostgresNotification::is_own)) return has_heard;
    pollfd socket{.fd = connection.socket(), .events = POLLIN, .revents = 0};
    ::poll(&socket, 1, looks_again_ms);
  }
  return std::unexpected(PostgresError{
      .message =
          fmt::format("what is notified is not heard within {} s; a pooler must keep sessions", patience.count()),
      .sqlstate = {},
      .is_lost = true});
}

}  // namespace

// Lives as long as its coroutine, which may outlive the listener for a moment.
class PostgresListener::Session : public std::enable_shared_from_this<Session> {
 public:
  Session(const boost::asio::any_io_executor& executor, std::string where, std::vector<std::string> channels, Ears ears,
          ListenerRhythm rhythm)
      : where_(std::move(where)),
        channels_(std::move(channels)),
        ears_(std::move(ears)),
        rhythm_(rhythm),
        timer_(executor) {}

  void begin() {
    boost::asio::co_spawn(
        timer_.get_executor(), [self = shared_from_this()] { return self->run(); }, boost::asio::detached);
  }

  void end() {
    is_over_ = true;
    timer_.cancel();
    thread_.join();
  }

 private:
  Task<void> run() {
    milliseconds pause = rhythm_.first_pause;
    while (!is_over_) {
      auto connection =
          co_await offload(thread_, [this] { return listen(where_, channels_, rhythm_.heard_within, is_over_); });
      if (is_over_) co_return;
      if (connection) {
        pause = rhythm_.first_pause;
        tell({});
        hear_something();
        const PostgresError why = co_await listen_to(**connection);
        tell(failure(why.message));
      } else {
        tell(failure(connection.error().message));
      }
      co_await sleep_for(pause);
      pause = std::min(pause * 2, rhythm_.last_pause);
    }
  }

  // Until it is lost.
  Task<PostgresError> listen_to(PostgresConnection& connection) {
    using namespace boost::asio::experimental::awaitable_operators;
    ListeningStream readable(timer_.get_executor(), ::fcntl(connection.socket(), F_DUPFD_CLOEXEC, 3));
    while (true) {
      constexpr auto as_result = boost::asio::as_tuple(boost::asio::use_awaitable);
      timer_.expires_after(rhythm_.proof);
      const auto first =
          co_await (readable.async_wait(ListeningStream::wait_read, as_result) || timer_.async_wait(as_result));
      if (is_over_) co_return PostgresError{};
      const bool is_silent = first.index() == 1;
      if (!is_silent) co_await sleep_for(heard_together);
      const auto heard = is_silent ? co_await proof_of(connection) : news_of(connection);
      if (!heard) co_return heard.error();
      if (*heard) hear_something();
    }
  }

  Task<PostgresExpected<bool>> proof_of(PostgresConnection& connection) {
    co_return co_await offload(thread_,
                               [this, &connection] { return prove(connection, rhythm_.heard_within, is_over_); });
  }

  static PostgresExpected<bool> news_of(PostgresConnection& connection) {
    const auto all = connection.notifications();
    if (!all) return std::unexpected(all.error());
    return std::ranges::any_of(*all, [](const auto& one) { return one.channel != proof_channel; });
  }

  Task<void> sleep_for(milliseconds duration) {
    if (is_over_) co_return;
    timer_.expires_after(duration);
    co_await timer_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  }

  void hear_something() {
    if (!is_over_) ears_.heard();
  }

  void tell(const Expected<void>& state) {
    if (is_over_ || works_ == state.has_value()) return;
    works_ = state.has_value();
    ears_.changed(state);
  }

  std::string where_;
  std::vector<std::string> channels_;
  Ears ears_;
  ListenerRhythm rhythm_;
  std::optional<bool> works_;  // as it was told last
  std::atomic<bool> is_over_ = false;
  boost::asio::steady_timer timer_;
  boost::asio::thread_pool thread_{1};  // for libpq, which blocks
};

PostgresListener::PostgresListener(const boost::asio::any_io_executor& executor, std::string where,
                                   std::vector<std::string> channels, Ears ears, ListenerRhythm rhythm)
    : session_(std::make_shared<Session>(executor, std::move(where), std::move(channels), std::move(ears), rhythm)) {
  session_->begin();
}

// NOLINTNEXTLINE(bugprone-exception-escape): asio's timers are cancelled without an exception
PostgresListener::~PostgresListener() { session_->end(); }

}  // namespace hydra_provisioner::io
