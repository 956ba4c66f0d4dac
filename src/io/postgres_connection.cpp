#include "io/postgres_connection.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <libpq-fe.h>
#include <poll.h>

#include "io/text/strings.hpp"

namespace hydra_provisioner::io {

namespace {

using std::chrono::steady_clock;

using Options = std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)>;

// A pipeline's answers must not fill both sides' buffers while more is sent.
constexpr std::size_t sent_max = 256;

constexpr int looks_every_ms = 200;  // whether to wait any longer

// As values of a connection string are quoted.
std::string escaped(std::string_view value) {
  std::string text;
  for (const char c : value) text += c == '\'' || c == '\\' ? fmt::format("\\{}", c) : std::string(1, c);
  return text;
}

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

std::string connection_string(std::string where) {
  constexpr std::string_view of_hydra = "dbi:Pg:";
  if (where.starts_with(of_hydra)) {
    where.erase(0, of_hydra.size());
    std::ranges::replace(where, ';', ' ');
  }
  const Options options(PQconninfoParse(where.c_str(), nullptr), &PQconninfoFree);
  if (!options) return where;  // connecting tells why
  std::string all;
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
    const std::string_view name = option->keyword;
    const char* ours = nullptr;
    if (name == "connect_timeout") ours = "10";
    if (name == "tcp_user_timeout") ours = "60000";
    const char* value = option->val != nullptr ? option->val : ours;  // the operator's own take precedence
    if (value != nullptr) all += fmt::format("{}{}='{}'", all.empty() ? "" : " ", name, escaped(value));
  }
  return all;
}

std::string shown_connection(const std::string& where) {
  const Options options(PQconninfoParse(where.c_str(), nullptr), &PQconninfoFree);
  std::string shown;
  for (const PQconninfoOption* option = options.get(); option != nullptr && option->keyword != nullptr; ++option) {
    const std::string_view name = option->keyword;
    const bool identifies = name == "service" || name == "host" || name == "hostaddr" || name == "port" ||
                            name == "dbname" || name == "user";
    if (identifies && option->val != nullptr)
      shown += fmt::format("{}{}={}", shown.empty() ? "" : " ", name, option->val);
  }
  return shown.empty() ? "PostgreSQL" : "PostgreSQL " + shown;
}

void PostgresConnection::Clear::operator()(pg_result* result) const { PQclear(result); }
void PostgresConnection::Close::operator()(pg_conn* connection) const { PQfinish(connection); }

// libpq's own message may repeat a password.
Expected<void> check_connection(const std::string& where) {
  const Options options(PQconninfoParse(where.c_str(), nullptr), &PQconninfoFree);
  if (!options) return failure("is no connection string of libpq");
  return {};
}

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

PostgresConnection::PostgresConnection(pg_conn* connection, std::chrono::seconds patience,
                                       const std::atomic<bool>* give_up)
    : connection_(connection), patience_(patience), give_up_(give_up) {}

PostgresExpected<PostgresConnection> PostgresConnection::open(const std::string& where, std::chrono::seconds patience,
                                                              const std::atomic<bool>* give_up) {
  const std::string all = connection_string(where);
  if (const auto valid = check_connection(all); !valid)
    return std::unexpected(PostgresError{.message = valid.error().message, .sqlstate = {}, .is_lost = true});
  PostgresConnection opened(PQconnectdb(all.c_str()), patience, give_up);
  if (PQstatus(opened.connection_.get()) != CONNECTION_OK || PQsetnonblocking(opened.connection_.get(), 1) != 0)
    return std::unexpected(opened.error());
  // What the server has to say besides errors is told by other means.
  PQsetNoticeProcessor(opened.connection_.get(), [](void*, const char*) {}, nullptr);
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
  pollfd socket{.fd = PQsocket(connection_.get()),
                .events = static_cast<short>(for_writing ? POLLIN | POLLOUT : POLLIN),
                .revents = 0};
  while (::poll(&socket, 1, looks_every_ms) <= 0) {
    if (give_up_ != nullptr && *give_up_) return std::unexpected(lost("it is not waited for any more"));
    if (steady_clock::now() >= end)
      return std::unexpected(lost(fmt::format("the server did not answer within {} s", patience_.count())));
  }
  if ((socket.revents & ~POLLOUT) != 0 && PQconsumeInput(connection_.get()) == 0) return std::unexpected(error());
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

PostgresError PostgresConnection::error_of(const pg_result* result) const {
  const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  return {
      .message = plain(PQresultErrorMessage(result)), .sqlstate = state == nullptr ? "" : state, .is_lost = is_lost()};
}

}  // namespace hydra_provisioner::io
