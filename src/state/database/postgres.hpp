// A journal's tables in a schema of a PostgreSQL database.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "model/names.hpp"
#include "state/database/database.hpp"

namespace hydra_provisioner::state {

// The connection is of no use any more. What a commit() that throws it was to write may have been written.
class ConnectionLost : public DatabaseError {
 public:
  using DatabaseError::DatabaseError;
};

enum class PostgresMode : std::uint8_t {
  write,
  read  // all queries see the same: what was there at the first one
};

// Of one tag: a database holds the journals of many.
std::string schema_name(const Tag& tag);

// `where` is a connection string of libpq. Throws DatabaseError.
std::unique_ptr<Database> open_postgres(const std::string& where, const Tag& tag, PostgresMode mode);

void rename_schema(const std::string& where, const Tag& tag, const std::string& name);

// PostgreSQL takes no other text, and messages of programs may have any bytes.
std::string valid_text(std::string_view text);

// The statements of SQLite's tables as PostgreSQL has them.
std::string in_postgres(std::string statements);

}  // namespace hydra_provisioner::state
