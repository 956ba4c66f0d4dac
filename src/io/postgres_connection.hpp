// One connection to PostgreSQL. Calls block, each for as long as `patience` at most, also where the server hangs, and
// end early once `give_up` is true.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/postgres_connecting.hpp"

struct pg_result;

namespace hydra_provisioner::io {

class PostgresResult {
 public:
  explicit PostgresResult(pg_result* result);

  std::size_t rows() const;
  int columns() const;
  bool is_null(std::size_t row, int column) const;
  std::string_view text(std::size_t row, int column) const;
  std::int64_t changed() const;  // rows, by the statement

 private:
  std::shared_ptr<pg_result> result_;
};

struct PostgresNotification {
  std::string channel;
  bool is_own = false;  // sent by this very connection
};

class PostgresConnection {
 public:
  // `where` is a connection string, as connection_string() takes it.
  static PostgresExpected<PostgresConnection> open(const std::string& where, std::chrono::seconds patience,
                                                   const std::atomic<bool>* give_up = nullptr);

  using Parameter = std::optional<std::string>;  // none: null

  // A statement without parameters, or several.
  PostgresExpected<PostgresResult> run(const std::string& statements);
  // It is prepared once, and then used again.
  PostgresExpected<PostgresResult> run(std::string_view sql, std::span<const Parameter> parameters);
  // As run(), but the outcome is not waited for: finish() tells the first error of all that were sent before.
  PostgresExpected<void> send(std::string_view sql, std::span<const Parameter> parameters);
  PostgresExpected<void> finish();

  // Whether a notification came by then.
  PostgresExpected<bool> wait_for_notification(std::chrono::steady_clock::time_point end);

  // All that have come since the last call, without waiting. The socket is readable when there may be more.
  PostgresExpected<std::vector<PostgresNotification>> notifications();
  int socket() const;

  bool is_lost() const;

 private:
  struct Clear {
    void operator()(pg_result* result) const;
  };
  using Result = std::unique_ptr<pg_result, Clear>;
  using Time = std::chrono::steady_clock::time_point;

  PostgresConnection(PostgresHandle connection, std::chrono::seconds patience, const std::atomic<bool>* give_up);

  PostgresExpected<const char*> prepared(std::string_view sql);  // its name
  PostgresExpected<void> begin(std::string_view sql, std::span<const Parameter> parameters);
  PostgresExpected<void> wait(bool for_writing, Time end);
  PostgresExpected<void> flush(Time end);
  PostgresExpected<Result> next(Time end);
  PostgresExpected<PostgresResult> last_result();
  Time deadline() const { return std::chrono::steady_clock::now() + patience_; }
  PostgresError lost(std::string why);
  PostgresError error() const;
  PostgresError error_of(const pg_result* result) const;

  PostgresHandle connection_;
  std::chrono::seconds patience_;
  const std::atomic<bool>* give_up_;                          // null: never
  std::map<std::string, std::string, std::less<>> prepared_;  // names by statement
  std::size_t names_ = 0;                                     // that were given
  std::size_t sent_ = 0;                                      // in the pipeline
  bool is_piping_ = false;
  bool is_given_up_ = false;  // it did not answer in time
};

}  // namespace hydra_provisioner::io
