// Where the journal of a tag is kept.
#pragma once

#include <string>

#include "model/config.hpp"
#include "model/names.hpp"

namespace hydra_provisioner::state {

struct JournalPlace {
  Tag tag;
  std::string file{};    // of SQLite, if there is no server
  std::string server{};  // PostgreSQL's connection string; empty: the journal is in the file

  bool is_shared() const { return !server.empty(); }
  std::string described() const;  // without a password
};

// Orders may be given by any process and host, and a daemon would learn of them by its next pass. So whoever has
// written one in a journal of a file also writes the file of orders, and in PostgreSQL notifies the channel of orders.
std::string orders_file(const JournalPlace& place);  // `STATE_DIR/TAG.orders`
std::string orders_channel(const JournalPlace& place);

// As the configuration says.
JournalPlace journal_place(const Config& config, const std::string& state_dir);
// `STATE_DIR/TAG.sqlite`
JournalPlace in_state_dir(const std::string& state_dir, const Tag& tag);

}  // namespace hydra_provisioner::state
