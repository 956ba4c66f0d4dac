#include "io/postgres.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <exception>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <libpq-fe.h>
#include <poll.h>
#include <pqxx/pqxx>

#include "io/async/offload.hpp"
#include "io/text/strings.hpp"

namespace hydra_provisioner::io {

// The deadlines come first, so that the operator's own take precedence.
std::string connection_string(std::string where) {
  constexpr std::string_view of_hydra = "dbi:Pg:";
  if (where.starts_with(of_hydra)) {
    where.erase(0, of_hydra.size());
    std::ranges::replace(where, ';', ' ');
  }
  if (where.contains("://"))
    return where + (where.contains('?') ? "&" : "?") + "connect_timeout=10&tcp_user_timeout=60000";
  return "connect_timeout=10 tcp_user_timeout=60000 " + where;
}

namespace {

using std::chrono::steady_clock;

Error because_of(std::string_view message) {
  return Error{"queue.database: " + on_one_line(std::string(trimmed(message)))};
}

class Connection {
 public:
  explicit Connection(const std::string& where) : connection_(PQconnectdb(where.c_str()), &PQfinish) {}

  bool is_open() const { return PQstatus(connection_.get()) == CONNECTION_OK; }
  Error error() const { return because_of(PQerrorMessage(connection_.get())); }

  // The first field of the first row; none: there is no row, or it is null.
  Expected<std::optional<std::string>> run(const std::string& sql) {
    const auto result = execute(sql);
    if (!result) return std::unexpected(result.error());
    if (PQntuples(result->get()) == 0 || PQgetisnull(result->get(), 0, 0) != 0) return std::nullopt;
    return std::string(PQgetvalue(result->get(), 0, 0));
  }

  Expected<std::vector<DatabaseRow>> rows(const std::string& sql) {
    const auto result = execute(sql);
    if (!result) return std::unexpected(result.error());
    std::vector<DatabaseRow> rows(static_cast<std::size_t>(PQntuples(result->get())));
    for (int row = 0; row < std::ssize(rows); ++row) {
      for (int field = 0; field < PQnfields(result->get()); ++field)
        rows.at(static_cast<std::size_t>(row)).emplace_back(PQgetvalue(result->get(), row, field));
    }
    return rows;
  }

  Expected<void> wait_for_notification(steady_clock::time_point end) {
    while (PQconsumeInput(connection_.get()) == 1) {
      const std::unique_ptr<PGnotify, decltype(&PQfreemem)> notified(PQnotifies(connection_.get()), &PQfreemem);
      if (notified) return {};
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - steady_clock::now());
      if (left.count() <= 0) return std::unexpected(because_of("the queue runner does not answer"));
      pollfd readable{.fd = PQsocket(connection_.get()), .events = POLLIN, .revents = 0};
      ::poll(&readable, 1, static_cast<int>(left.count()));
    }
    return std::unexpected(error());
  }

 private:
  using Result = std::unique_ptr<PGresult, decltype(&PQclear)>;

  Expected<Result> execute(const std::string& sql) {
    Result result(PQexec(connection_.get(), sql.c_str()), &PQclear);
    const ExecStatusType status = PQresultStatus(result.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) return std::unexpected(error());
    return result;
  }

  std::unique_ptr<PGconn, decltype(&PQfinish)> connection_;
};

std::string limit(Seconds timeout) { return fmt::format("set statement_timeout = '{}s'", timeout.count()); }

Expected<std::vector<DatabaseRow>> query_now(const std::string& where, const std::string& sql, Seconds timeout) {
  Connection connection(where);
  if (!connection.is_open()) return std::unexpected(connection.error());
  if (auto limited = connection.run(limit(timeout)); !limited) return std::unexpected(limited.error());
  return connection.rows(sql);
}

Expected<std::optional<std::string>> ask_now(const std::string& where, const DatabaseQuestion& question,
                                             Seconds timeout) {
  const steady_clock::time_point end = steady_clock::now() + timeout;
  Connection connection(where);
  if (!connection.is_open()) return std::unexpected(connection.error());
  for (const std::string& sql : {limit(timeout), fmt::format("listen {}", question.answers)}) {
    if (auto done = connection.run(sql); !done) return std::unexpected(done.error());
  }
  auto before = connection.run(question.query);
  if (!before || !*before) return before;
  if (auto asked = connection.run("notify " + question.channel); !asked) return std::unexpected(asked.error());
  if (auto answered = connection.wait_for_notification(end); !answered) return std::unexpected(answered.error());
  return connection.run(question.query);
}

}  // namespace

boost::asio::thread_pool& Postgres::threads() {
  if (!threads_) threads_ = std::make_unique<boost::asio::thread_pool>(1);
  return *threads_;
}

Task<Expected<std::optional<std::string>>> Postgres::ask(std::string where, DatabaseQuestion question,
                                                         Seconds timeout) {
  const auto work = [where = connection_string(std::move(where)), question = std::move(question), timeout] {
    return ask_now(where, question, timeout);
  };
  co_return co_await offload(threads(), work);
}

Task<Expected<std::vector<DatabaseRow>>> Postgres::query(std::string where, std::string sql, Seconds timeout) {
  const auto work = [where = connection_string(std::move(where)), sql = std::move(sql), timeout] {
    return query_now(where, sql, timeout);
  };
  co_return co_await offload(threads(), work);
}

Task<Expected<void>> Postgres::notify(std::string where, std::string channel, std::string payload) {
  co_return co_await offload(
      threads(),
      [where = std::move(where), channel = std::move(channel), payload = std::move(payload)]() -> Expected<void> {
        try {
          pqxx::connection connection(connection_string(where));
          pqxx::work work(connection);
          work.exec("select pg_notify(" + work.quote(channel) + ", " + work.quote(payload) + ")");
          work.commit();
          return {};
        } catch (const std::exception& error) {
          return std::unexpected(because_of(error.what()));
        }
      });
}

}  // namespace hydra_provisioner::io
