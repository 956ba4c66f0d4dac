#include "io/postgres_connection.hpp"

#include <utility>
#include <vector>

#include <fmt/format.h>
#include <libpq-fe.h>
#include <poll.h>

#include "io/postgres_servers.hpp"
#include "io/text/strings.hpp"

namespace hydra_provisioner::io {

namespace {

using std::chrono::steady_clock;

// A pipeline's answers must not fill both sides' buffers while more is sent.
constexpr std::size_t sent_max = 256;

std::string plain(const char* message) { return on_one_line(std::string(trimmed(message))); }

std::vector<const char*> pointers_to(std::span<const PostgresConnection::Parameter> parameters) {
  std::vector<const char*> pointers;
  pointers.reserve(parameters.size());
  for (const auto& parameter : parameters) pointers.push_back(parameter ? parameter->c_str() : nullptr);
  return pointers;
}

bool is_good(const PGresult* result) {
  const ExecStatusType status = PQresultStatus(result);
  return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

}  // namespace

void PostgresConnection::Clear::operator()(pg_result* result) const { PQclear(result); }

PostgresResult::PostgresResult(pg_result* result) : result_(result, &PQclear) {}
std::size_t PostgresResult::rows() const { return static_cast<std::size_t>(PQntuples(result_.get())); }
int PostgresResult::columns() const { return PQnfields(result_.get()); }
bool PostgresResult::is_null(std::size_t row, int column) const {
  return PQgetisnull(result_.get(), static_cast<int>(row), column) != 0;
}
std::string_view PostgresResult::text(std::size_t row, int column) const {
  const int at = static_cast<int>(row);
  return {PQgetvalue(result_.get(), at, column), static_cast<std::size_t>(PQgetlength(result_.get(), at, column))};
}
std::int64_t PostgresResult::changed() const {
  return parse_number<std::int64_t>(PQcmdTuples(result_.get())).value_or(0);
}

PostgresConnection::PostgresConnection(PostgresHandle connection, std::chrono::seconds patience,
                                       const std::atomic<bool>* give_up)
    : connection_(std::move(connection)), patience_(patience), give_up_(give_up) {}

PostgresExpected<PostgresConnection> PostgresConnection::open(const std::string& where, std::chrono::seconds patience,
                                                              const std::atomic<bool>* give_up) {
  const std::string all = connection_string(where);
  if (const auto valid = check_connection(all); !valid)
    return std::unexpected(PostgresError{.message = valid.error().message, .sqlstate = {}, .is_lost = true});
  auto connected = connect_to_postgres(all, patience, give_up);
  if (!connected) return std::unexpected(std::move(connected.error()));
  PostgresConnection opened(*std::move(connected), patience, give_up);
  if (PQsetnonblocking(opened.connection_.get(), 1) != 0) return std::unexpected(opened.error());
  return opened;
}

bool PostgresConnection::is_lost() const { return is_given_up_ || PQstatus(connection_.get()) != CONNECTION_OK; }

PostgresError PostgresConnection::error() const {
  return {.message = plain(PQerrorMessage(connection_.get())), .sqlstate = {}, .is_lost = is_lost()};
}

PostgresError PostgresConnection::lost(std::string why) {
  is_given_up_ = true;
  return {.message = std::move(why), .sqlstate = {}, .is_lost = true};
}

PostgresExpected<void> PostgresConnection::wait(bool for_writing, steady_clock::time_point end) {
  const auto events = static_cast<short>(for_writing ? POLLIN | POLLOUT : POLLIN);
  const auto came =
      wait_for_socket(PQsocket(connection_.get()), events, {.patience = patience_, .give_up = give_up_, .end = end});
  if (!came) return std::unexpected(lost(came.error()));
  if ((*came & ~POLLOUT) != 0 && PQconsumeInput(connection_.get()) == 0) return std::unexpected(error());
  return {};
}

PostgresExpected<void> PostgresConnection::flush(steady_clock::time_point end) {
  int left = PQflush(connection_.get());
  while (left == 1) {
    if (auto waited = wait(true, end); !waited) return waited;
    left = PQflush(connection_.get());
  }
  if (left != 0) return std::unexpected(error());
  return {};
}

// What one statement gives next; null: nothing more.
PostgresExpected<PostgresConnection::Result> PostgresConnection::next(steady_clock::time_point end) {
  while (PQisBusy(connection_.get()) != 0) {
    if (auto waited = wait(false, end); !waited) return std::unexpected(std::move(waited.error()));
  }
  return Result(PQgetResult(connection_.get()));
}

// Of the one that was sent, also if it is several statements.
PostgresExpected<PostgresResult> PostgresConnection::last_result() {
  const auto end = deadline();
  if (auto flushed = flush(end); !flushed) return std::unexpected(std::move(flushed.error()));
  Result last;
  while (true) {
    auto result = next(end);
    if (!result) return std::unexpected(std::move(result.error()));
    if (!*result) break;
    if (!last || is_good(last.get())) last = *std::move(result);  // the first error stays
  }
  if (!last) return std::unexpected(error());
  if (!is_good(last.get())) return std::unexpected(error_of(last.get()));
  return PostgresResult(last.release());
}

PostgresExpected<PostgresResult> PostgresConnection::run(const std::string& statements) {
  if (auto finished = finish(); !finished) return std::unexpected(std::move(finished.error()));
  if (PQsendQuery(connection_.get(), statements.c_str()) == 0) return std::unexpected(error());
  return last_result();
}

PostgresExpected<PostgresResult> PostgresConnection::run(std::string_view sql, std::span<const Parameter> parameters) {
  if (auto finished = finish(); !finished) return std::unexpected(std::move(finished.error()));
  if (auto begun = begin(sql, parameters); !begun) return std::unexpected(std::move(begun.error()));
  return last_result();
}

PostgresExpected<void> PostgresConnection::begin(std::string_view sql, std::span<const Parameter> parameters) {
  const auto name = prepared(sql);
  if (!name) return std::unexpected(name.error());
  const auto values = pointers_to(parameters);
  if (PQsendQueryPrepared(connection_.get(), *name, static_cast<int>(values.size()), values.data(), nullptr, nullptr,
                          0) == 0)
    return std::unexpected(error());
  return {};
}

PostgresExpected<const char*> PostgresConnection::prepared(std::string_view sql) {
  if (const auto known = prepared_.find(sql); known != prepared_.end()) return known->second.c_str();
  const std::string name = fmt::format("s{}", names_++);
  const std::string statement(sql);
  if (PQsendPrepare(connection_.get(), name.c_str(), statement.c_str(), 0, nullptr) == 0)
    return std::unexpected(error());
  if (is_piping_) {
    ++sent_;
  } else if (const auto result = last_result(); !result) {
    return std::unexpected(result.error());
  }
  return prepared_.emplace(statement, name).first->second.c_str();
}

PostgresExpected<void> PostgresConnection::send(std::string_view sql, std::span<const Parameter> parameters) {
  if (is_lost()) return std::unexpected(error());
  if (!is_piping_ && PQenterPipelineMode(connection_.get()) == 0) return std::unexpected(error());
  is_piping_ = true;
  if (auto begun = begin(sql, parameters); !begun) return begun;
  return ++sent_ < sent_max ? PostgresExpected<void>{} : finish();
}

// After an error the server leaves out what was sent behind it.
PostgresExpected<void> PostgresConnection::finish() {
  if (is_lost()) return std::unexpected(error());
  if (!is_piping_) return {};
  const auto end = deadline();
  if (PQpipelineSync(connection_.get()) == 0) return std::unexpected(error());
  if (auto flushed = flush(end); !flushed) return flushed;
  PostgresExpected<void> outcome;
  for (bool is_synchronous = false; !is_synchronous;) {
    const auto result = next(end);
    if (!result) return std::unexpected(result.error());
    if (!*result && is_lost()) return std::unexpected(error());
    const ExecStatusType status = PQresultStatus(result->get());
    is_synchronous = *result && status == PGRES_PIPELINE_SYNC;
    if (*result && !is_synchronous && !is_good(result->get()) && status != PGRES_PIPELINE_ABORTED && outcome)
      outcome = std::unexpected(error_of(result->get()));
  }
  if (!outcome) prepared_.clear();  // it is not known which of them were reached
  sent_ = 0;
  is_piping_ = false;
  if (PQexitPipelineMode(connection_.get()) == 0) return std::unexpected(error());
  return outcome;
}

PostgresExpected<bool> PostgresConnection::wait_for_notification(steady_clock::time_point end) {
  while (PQconsumeInput(connection_.get()) == 1) {
    const std::unique_ptr<PGnotify, decltype(&PQfreemem)> notified(PQnotifies(connection_.get()), &PQfreemem);
    if (notified) return true;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - steady_clock::now());
    if (left.count() <= 0) return false;
    pollfd readable{.fd = PQsocket(connection_.get()), .events = POLLIN, .revents = 0};
    ::poll(&readable, 1, static_cast<int>(left.count()));
  }
  return std::unexpected(error());
}

PostgresExpected<std::vector<PostgresNotification>> PostgresConnection::notifications() {
  if (PQconsumeInput(connection_.get()) == 0) return std::unexpected(error());
  std::vector<PostgresNotification> all;
  using Notification = std::unique_ptr<PGnotify, decltype(&PQfreemem)>;
  for (Notification next(nullptr, &PQfreemem); next.reset(PQnotifies(connection_.get())), next;)
    all.push_back({.channel = next->relname, .is_own = next->be_pid == PQbackendPID(connection_.get())});
  return all;
}

int PostgresConnection::socket() const { return PQsocket(connection_.get()); }

PostgresError PostgresConnection::error_of(const pg_result* result) const {
  const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  return {
      .message = plain(PQresultErrorMessage(result)), .sqlstate = state == nullptr ? "" : state, .is_lost = is_lost()};
}

}  // namespace hydra_provisioner::io
