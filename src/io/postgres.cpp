#include "io/postgres.hpp"

#include <algorithm>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

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

Task<Expected<void>> Postgres::notify(std::string where, std::string channel, std::string payload) {
  if (!threads_) threads_ = std::make_unique<boost::asio::thread_pool>(1);
  co_return co_await offload(
      *threads_,
      [where = std::move(where), channel = std::move(channel), payload = std::move(payload)]() -> Expected<void> {
        try {
          pqxx::connection connection(connection_string(where));
          pqxx::work work(connection);
          work.exec("select pg_notify(" + work.quote(channel) + ", " + work.quote(payload) + ")");
          work.commit();
          return {};
        } catch (const std::exception& error) {
          return failure("queue.database: " + on_one_line(std::string(trimmed(error.what()))));
        }
      });
}

}  // namespace hydra_provisioner::io
