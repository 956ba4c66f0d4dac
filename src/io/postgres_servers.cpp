#include "io/postgres_servers.hpp"

#include <algorithm>
#include <cstddef>
#include <map>
#include <memory>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <libpq-fe.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "io/text/strings.hpp"

namespace hydra_provisioner::io {

namespace {

using OptionList = std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)>;
using Settings = std::map<std::string, std::string, std::less<>>;  // those that are set

OptionList parsed(const std::string& where) { return {PQconninfoParse(where.c_str(), nullptr), &PQconninfoFree}; }

Settings settings_in(const OptionList& options) {
  Settings settings;
  for (const PQconninfoOption* option = options.get(); option != nullptr && option->keyword != nullptr; ++option) {
    if (option->val != nullptr) settings.emplace(option->keyword, option->val);
  }
  return settings;
}

// As values of a connection string are quoted.
std::string escaped(std::string_view value) {
  std::string text;
  for (const char c : value) text += c == '\'' || c == '\\' ? fmt::format("\\{}", c) : std::string(1, c);
  return text;
}

std::string string_of(const Settings& settings) {
  std::string all;
  for (const auto& [name, value] : settings)
    all += fmt::format("{}{}='{}'", all.empty() ? "" : " ", name, escaped(value));
  return all;
}

std::string value_of(const Settings& settings, std::string_view name) {
  const auto found = settings.find(name);
  return found == settings.end() ? "" : found->second;
}

// Between commas, also what is empty. An empty list has nothing.
std::vector<std::string> listed(std::string_view list) {
  std::vector<std::string> all;
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(','), list.size());
    all.emplace_back(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return all;
}

// Of a name of the network. Empty: it has none, which libpq tells when it connects.
std::vector<std::string> addresses_of(const std::string& host) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), nullptr, &wanted, &found) != 0) return {};
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> all(found, &::freeaddrinfo);
  std::vector<std::string> addresses;
  for (const addrinfo* each = all.get(); each != nullptr; each = each->ai_next) {
    char text[NI_MAXHOST];
    if (::getnameinfo(each->ai_addr, each->ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST) == 0)
      addresses.emplace_back(text);
  }
  return addresses;
}

// A service file may name the servers: only libpq itself reads it.
Settings with_those_of_the_service(Settings settings) {
  if (!settings.contains("service")) return settings;
  const std::unique_ptr<PGconn, decltype(&PQfinish)> asked(PQconnectStart(string_of(settings).c_str()), &PQfinish);
  Settings all = settings_in({PQconninfo(asked.get()), &PQconninfoFree});
  all.erase("service");
  return all.contains("host") || all.contains("hostaddr") ? all : settings;
}

// One for each address that the host's name has.
std::vector<Settings> each_address(const Settings& server) {
  const std::string host = value_of(server, "host");
  const bool is_name = !host.empty() && !host.starts_with('/') && !host.starts_with('@');
  if (!is_name || !value_of(server, "hostaddr").empty()) return {server};
  const auto addresses = addresses_of(host);
  if (addresses.size() < 2) return {server};
  std::vector<Settings> all(addresses.size(), server);
  for (std::size_t i = 0; i < all.size(); ++i) all[i]["hostaddr"] = addresses[i];
  return all;
}

std::vector<Settings> each_server(const Settings& settings) {
  const auto hosts = listed(value_of(settings, "host"));
  const auto addresses = listed(value_of(settings, "hostaddr"));
  const auto ports = listed(value_of(settings, "port"));
  const std::size_t count = std::max({hosts.size(), addresses.size(), std::size_t{1}});
  const auto fits = [&](const auto& list, std::size_t fewest) { return list.size() <= fewest || list.size() == count; };
  if (!fits(hosts, 0) || !fits(addresses, 0) || !fits(ports, 1)) return {settings};  // connecting tells why
  std::vector<Settings> all;
  for (std::size_t i = 0; i < count; ++i) {
    Settings server = settings;
    if (!hosts.empty()) server["host"] = hosts[i];
    if (!addresses.empty()) server["hostaddr"] = addresses[i];
    if (ports.size() > 1) server["port"] = ports[i];
    for (Settings& one : each_address(server)) all.push_back(std::move(one));
  }
  return all;
}

}  // namespace

std::string connection_string(std::string where) {
  constexpr std::string_view of_hydra = "dbi:Pg:";
  if (where.starts_with(of_hydra)) {
    where.erase(0, of_hydra.size());
    std::ranges::replace(where, ';', ' ');
  }
  const OptionList options = parsed(where);
  if (!options) return where;                // connecting tells why
  Settings settings = settings_in(options);  // the operator's own take precedence
  settings.emplace("connect_timeout", "10");
  settings.emplace("tcp_user_timeout", "60000");
  return string_of(settings);
}

std::string shown_connection(const std::string& where) {
  std::string shown;
  const OptionList options = parsed(where);
  for (const PQconninfoOption* option = options.get(); option != nullptr && option->keyword != nullptr; ++option) {
    const std::string_view name = option->keyword;
    const bool identifies = name == "service" || name == "host" || name == "hostaddr" || name == "port" ||
                            name == "dbname" || name == "user";
    if (identifies && option->val != nullptr)
      shown += fmt::format("{}{}={}", shown.empty() ? "" : " ", name, option->val);
  }
  return shown.empty() ? "PostgreSQL" : "PostgreSQL " + shown;
}

// libpq's own message may repeat a password.
Expected<void> check_connection(const std::string& where) {
  if (!parsed(where)) return failure("is no connection string of libpq");
  return {};
}

std::vector<PostgresServer> servers_of(const std::string& where) {
  std::vector<PostgresServer> servers;
  for (const Settings& server : each_server(with_those_of_the_service(settings_in(parsed(where))))) {
    const auto timeout = parse_number<int>(value_of(server, "connect_timeout"));
    servers.push_back({.where = string_of(server), .timeout = std::chrono::seconds{std::max(timeout.value_or(0), 0)}});
  }
  return servers;
}

}  // namespace hydra_provisioner::io
