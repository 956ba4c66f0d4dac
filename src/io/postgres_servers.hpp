// Connection strings of PostgreSQL, and the servers that they name.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "model/error.hpp"

namespace hydra_provisioner::io {

// `where` as libpq takes it (`dbname=hydra host=/run/postgresql`, a URI) or as Hydra does (`dbi:Pg:dbname=hydra;`), in
// libpq's form and with deadlines.
std::string connection_string(std::string where);

// The same for messages and lists of processes: without a password.
std::string shown_connection(const std::string& where);

// Whether libpq takes it. Connects to nothing.
Expected<void> check_connection(const std::string& where);

struct PostgresServer {
  std::string where;             // a connection string of this server alone
  std::chrono::seconds timeout;  // for connecting; 0: none of its own
};

// In the order in which libpq tries them: each host, and each address of its name. `where` is in libpq's form.
std::vector<PostgresServer> servers_of(const std::string& where);

}  // namespace hydra_provisioner::io
