#include "io/postgres_connecting.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <regex>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <libpq-fe.h>
#include <poll.h>

#include "io/postgres_servers.hpp"
#include "io/text/strings.hpp"

namespace hydra_provisioner::io {

namespace {

using std::chrono::steady_clock;

constexpr int looks_every_ms = 200;  // whether to wait any longer

struct ConnectionAdvice {
  std::string_view sign;  // PostgreSQL's code of the error, or words of libpq
  std::string_view text;
};
constexpr std::string_view about_password =
    "look after the password: libpq finds it in the file that PGPASSFILE names, or in ~/.pgpass";
constexpr std::string_view about_port = "is that PostgreSQL? look after the host and the port";
constexpr std::array connection_advice{
    ConnectionAdvice{"28P01", about_password},
    ConnectionAdvice{"no password supplied", about_password},
    ConnectionAdvice{"28000",
                     "its role must exist (createuser), and the server's pg_hba.conf must let it in from this host; "
                     "where that wants SSL, say sslmode=require"},
    ConnectionAdvice{"3D000", "make it with createdb"},
    ConnectionAdvice{"42501", "its role needs the right to connect: grant it with `grant connect on database`"},
    ConnectionAdvice{"53300", "the database server allows too few connections"},
    ConnectionAdvice{"session is read-only", "name the primary server, too"},
    ConnectionAdvice{"server is in hot standby mode", "name the primary server, too"},
    ConnectionAdvice{"certificate verify failed", "name the certificate of those who signed it by sslrootcert"},
    ConnectionAdvice{"does not match host name", "name the host as its certificate does"},
    ConnectionAdvice{"server does not support SSL", "let it use SSL (`ssl = on`), or say another sslmode"},
    ConnectionAdvice{"received invalid response to SSL negotiation", about_port},
    ConnectionAdvice{"expected authentication request from server", about_port},
    ConnectionAdvice{"SSL SYSCALL error: EOF detected", about_port},
    ConnectionAdvice{"SSL error: wrong version number", about_port},
    ConnectionAdvice{"the server did not answer within",
                     "look after the server, and the network between it and this host"}};

// What libpq says about a connection, with the codes that it was told to show (PQERRORS_VERBOSE).
PostgresError connection_error(const std::string& verbose) {
  static const std::regex code(":  ([0-9A-Z]{5}): ");
  static const std::regex location("\nLOCATION:[^\n]*");
  PostgresError error{.message = {}, .sqlstate = {}, .is_lost = true};
  if (std::smatch found; std::regex_search(verbose, found, code)) error.sqlstate = found[1];
  const std::string plain = std::regex_replace(std::regex_replace(verbose, code, ":  "), location, "");
  error.message = on_one_line(std::string(trimmed(plain)));
  return error;
}

std::string with_advice(const std::vector<PostgresError>& errors) {
  std::string all;
  for (const PostgresError& error : errors) all += fmt::format("{}{}", all.empty() ? "" : "; ", error.message);
  for (const PostgresError& error : errors) {
    const auto fits = [&](const ConnectionAdvice& each) {
      return error.sqlstate == each.sign || error.message.contains(each.sign);
    };
    const auto* found = std::ranges::find_if(connection_advice, fits);
    if (found != connection_advice.end() && !all.contains(found->text)) all += fmt::format("; {}", found->text);
  }
  return all;
}

// Empty: it is connected. libpq begins its message with which server it is about.
std::string try_to_connect(PGconn* connection, const PostgresWait& limit) {
  auto next = PGRES_POLLING_WRITING;
  while (PQstatus(connection) != CONNECTION_BAD && next != PGRES_POLLING_OK) {
    const short events = next == PGRES_POLLING_READING ? POLLIN : POLLOUT;
    if (const auto ready = wait_for_socket(PQsocket(connection), events, limit); !ready)
      return PQerrorMessage(connection) + ready.error();
    next = PQconnectPoll(connection);
  }
  return PQstatus(connection) == CONNECTION_BAD ? PQerrorMessage(connection) : "";
}

PostgresExpected<PostgresHandle> connect_to_server(const std::string& where, const PostgresWait& limit) {
  PostgresHandle opened(PQconnectStart(where.c_str()));
  // What the server has to say besides errors is told by other means.
  PQsetNoticeProcessor(opened.get(), [](void*, const char*) {}, nullptr);
  PQsetErrorVerbosity(opened.get(), PQERRORS_VERBOSE);
  if (const std::string problem = try_to_connect(opened.get(), limit); !problem.empty())
    return std::unexpected(connection_error(problem));
  PQsetErrorVerbosity(opened.get(), PQERRORS_DEFAULT);
  return opened;
}

}  // namespace

void ClosePostgres::operator()(pg_conn* connection) const { PQfinish(connection); }

std::expected<short, std::string> wait_for_socket(int socket, short events, const PostgresWait& limit) {
  pollfd waited{.fd = socket, .events = events, .revents = 0};
  while (::poll(&waited, 1, looks_every_ms) <= 0) {
    if (limit.give_up != nullptr && *limit.give_up) return std::unexpected("it is not waited for any more");
    if (steady_clock::now() >= limit.end)
      return std::unexpected(fmt::format("the server did not answer within {} s", limit.patience.count()));
  }
  return waited.revents;
}

PostgresExpected<PostgresHandle> connect_to_postgres(const std::string& where, std::chrono::seconds patience,
                                                     const std::atomic<bool>* give_up) {
  std::vector<PostgresError> errors;
  for (const auto& [server, timeout] : servers_of(where)) {
    const auto limit = timeout.count() == 0 ? patience : std::min(timeout, patience);
    auto connected = connect_to_server(server, {.patience = limit, .give_up = give_up});
    if (connected) return connected;
    errors.push_back(std::move(connected.error()));
    if (give_up != nullptr && *give_up) break;
  }
  return std::unexpected(
      PostgresError{.message = with_advice(errors), .sqlstate = errors.back().sqlstate, .is_lost = true});
}

}  // namespace hydra_provisioner::io
