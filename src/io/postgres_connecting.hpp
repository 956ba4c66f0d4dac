// Connects to the first server of a connection string that will do, and says what is wrong with the others.
#pragma once

#include <atomic>
#include <chrono>
#include <expected>
#include <memory>
#include <string>

struct pg_conn;

namespace hydra_provisioner::io {

struct PostgresError {
  std::string message;   // on one line
  std::string sqlstate;  // PostgreSQL's code of the error; empty: the server did not say it
  bool is_lost = false;  // the connection is of no use any more, and whether the statement was carried out is not known
};

template <class T>
using PostgresExpected = std::expected<T, PostgresError>;

struct ClosePostgres {
  void operator()(pg_conn* connection) const;
};
using PostgresHandle = std::unique_ptr<pg_conn, ClosePostgres>;

struct PostgresWait {
  std::chrono::seconds patience;
  const std::atomic<bool>* give_up = nullptr;  // null: never
  std::chrono::steady_clock::time_point end = std::chrono::steady_clock::now() + patience;
};

// Waits for one of the events of poll(2), and returns those that came; or says why it does not wait any longer.
std::expected<short, std::string> wait_for_socket(int socket, short events, const PostgresWait& limit);

// Each server has the time that `where`, in libpq's form, says, and no longer than `patience`.
PostgresExpected<PostgresHandle> connect_to_postgres(const std::string& where, std::chrono::seconds patience,
                                                     const std::atomic<bool>* give_up);

}  // namespace hydra_provisioner::io
