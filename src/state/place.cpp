#include "state/place.hpp"

#include <filesystem>

#include <fmt/format.h>

#include "io/postgres_servers.hpp"
#include "state/database/postgres.hpp"

namespace hydra_provisioner::state {

std::string JournalPlace::described() const {
  return is_shared() ? fmt::format("{}, tag {}", io::shown_connection(server), tag) : file;
}

std::string orders_file(const JournalPlace& place) {
  return std::filesystem::path(place.file).replace_extension(".orders");
}

std::string orders_channel(const JournalPlace& place) { return schema_name(place.tag) + " orders"; }

JournalPlace journal_place(const Config& config, const std::string& state_dir) {
  if (config.journal.empty()) return in_state_dir(state_dir, config.tag);
  return {.tag = config.tag, .server = config.journal};
}

JournalPlace in_state_dir(const std::string& state_dir, const Tag& tag) {
  return {.tag = tag, .file = fmt::format("{}/{}.sqlite", state_dir, tag)};
}

}  // namespace hydra_provisioner::state
