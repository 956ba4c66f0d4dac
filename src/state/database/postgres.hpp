// A journal's tables in a schema of a PostgreSQL database.
#pragma once

#include <atomic>
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

// `where` is a connection string of libpq. Throws DatabaseError. Calls that wait for the server end when `give_up`
// becomes true, as if the connection was lost; null: they end after some time only.
std::unique_ptr<Database> open_postgres(const std::string& where, const Tag& tag, PostgresMode mode,
                                        const std::atomic<bool>* give_up = nullptr);

// The journal's schema gets another name, and one that is only marked as moved_away takes its place.
void set_schema_aside(const std::string& where, const Tag& tag, const std::string& name);
// Makes way for a journal that comes back.
void drop_mark(Database& database, const Tag& tag);

// PostgreSQL takes no other text, and messages of programs may have any bytes.
std::string valid_text(std::string_view text);

// The statements of SQLite's tables as PostgreSQL has them.
std::string in_postgres(std::string statements);

}  // namespace hydra_provisioner::state
