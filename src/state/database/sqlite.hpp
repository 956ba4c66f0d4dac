// A journal's tables in an SQLite file.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "state/database/database.hpp"

namespace hydra_provisioner::state {

// How a file is opened; see SQLite's "URI filenames".
enum class SqliteMode : std::uint8_t {
  create,     // it is made if it does not exist, and written
  read,       // also while another process writes it; it leaves an index (-shm) beside a log that a crash left
  immutable,  // leaves no file beside it, and must have no log
  view        // only read, with the right to write: the last to close it removes its log
};

// Throws DatabaseError.
std::unique_ptr<Database> open_sqlite(const std::string& path, SqliteMode mode);
// For one that is written: readers do not disturb it, and a commit is on the disk when it returns.
void keep_log(Database& of);
// All of it, in a file that ends with it.
std::unique_ptr<Database> copy_sqlite(Database& of);

}  // namespace hydra_provisioner::state
