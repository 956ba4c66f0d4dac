#include "io/postgres.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "io/async/offload.hpp"
#include "io/postgres_connection.hpp"

namespace hydra_provisioner::io {

namespace {

using std::chrono::steady_clock;

Error because_of(std::string_view message) { return Error{fmt::format("queue.database: {}", message)}; }

class Connection {
 public:
  static Expected<Connection> open(const std::string& where, Seconds patience) {
    constexpr Seconds for_the_servers_own_error{5};
    auto opened = PostgresConnection::open(where, patience + for_the_servers_own_error);
    if (!opened) return std::unexpected(because_of(opened.error().message));
    return Connection(*std::move(opened));
  }

  // The first field of the first row; none: there is no row, or it is null.
  Expected<std::optional<std::string>> run(const std::string& sql) {
    const auto result = connection_.run(sql);
    if (!result) return std::unexpected(because_of(result.error().message));
    if (result->rows() == 0 || result->is_null(0, 0)) return std::nullopt;
    return std::string(result->text(0, 0));
  }

  Expected<std::vector<DatabaseRow>> rows(const std::string& sql) {
    const auto result = connection_.run(sql);
    if (!result) return std::unexpected(because_of(result.error().message));
    std::vector<DatabaseRow> rows(result->rows());
    for (std::size_t row = 0; row < rows.size(); ++row) {
      for (int column = 0; column < result->columns(); ++column) rows[row].emplace_back(result->text(row, column));
    }
    return rows;
  }

  Expected<void> wait_for_notification(steady_clock::time_point end) {
    const auto came = connection_.wait_for_notification(end);
    if (!came) return std::unexpected(because_of(came.error().message));
    if (!*came) return std::unexpected(because_of("the queue runner does not answer"));
    return {};
  }

 private:
  explicit Connection(PostgresConnection connection) : connection_(std::move(connection)) {}

  PostgresConnection connection_;
};

std::string limit(Seconds timeout) { return fmt::format("set statement_timeout = '{}s'", timeout.count()); }

Expected<std::vector<DatabaseRow>> query_now(const std::string& where, const std::string& sql, Seconds timeout) {
  auto connection = Connection::open(where, timeout);
  if (!connection) return std::unexpected(std::move(connection.error()));
  if (auto limited = connection->run(limit(timeout)); !limited) return std::unexpected(limited.error());
  return connection->rows(sql);
}

Expected<std::optional<std::string>> ask_now(const std::string& where, const DatabaseQuestion& question,
                                             Seconds timeout) {
  const steady_clock::time_point end = steady_clock::now() + timeout;
  auto connection = Connection::open(where, timeout);
  if (!connection) return std::unexpected(std::move(connection.error()));
  for (const std::string& sql : {limit(timeout), fmt::format("listen {}", question.answers)}) {
    if (auto done = connection->run(sql); !done) return std::unexpected(done.error());
  }
  auto before = connection->run(question.query);
  if (!before || !*before) return before;
  if (auto asked = connection->run("notify " + question.channel); !asked) return std::unexpected(asked.error());
  if (auto answered = connection->wait_for_notification(end); !answered) return std::unexpected(answered.error());
  return connection->run(question.query);
}

Expected<void> notify_now(const std::string& where, const std::string& channel, const std::string& payload) {
  constexpr Seconds patience{60};
  auto connection = PostgresConnection::open(where, patience);
  if (!connection) return std::unexpected(because_of(connection.error().message));
  const std::array<PostgresConnection::Parameter, 2> parameters{channel, payload};
  const auto sent = connection->run("select pg_notify($1, $2)", parameters);
  if (!sent) return std::unexpected(because_of(sent.error().message));
  return {};
}

}  // namespace

boost::asio::thread_pool& Postgres::threads() {
  if (!threads_) threads_ = std::make_unique<boost::asio::thread_pool>(1);
  return *threads_;
}

Task<Expected<std::optional<std::string>>> Postgres::ask(std::string where, DatabaseQuestion question,
                                                         Seconds timeout) {
  const auto work = [where = std::move(where), question = std::move(question), timeout] {
    return ask_now(where, question, timeout);
  };
  co_return co_await offload(threads(), work);
}

Task<Expected<std::vector<DatabaseRow>>> Postgres::query(std::string where, std::string sql, Seconds timeout) {
  const auto work = [where = std::move(where), sql = std::move(sql), timeout] {
    return query_now(where, sql, timeout);
  };
  co_return co_await offload(threads(), work);
}

Task<Expected<void>> Postgres::notify(std::string where, std::string channel, std::string payload) {
  const auto work = [where = std::move(where), channel = std::move(channel), payload = std::move(payload)] {
    return notify_now(where, channel, payload);
  };
  co_return co_await offload(threads(), work);
}

}  // namespace hydra_provisioner::io
