#include "app/inputs/configuration.hpp"

#include <filesystem>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "app/inputs/journal.hpp"

namespace hydra_provisioner::app {

void declare_config(Arguments& arguments, ConfigFile& file) {
  arguments.word("CONF", "configuration file", into(file.path, Names::file));
  declare_allow_empty(arguments, file);
  declare_server(arguments, file.journal);
}

void declare_allow_empty(Arguments& arguments, ConfigFile& file) {
  arguments.flag("--allow-empty", file.allow_empty,
                 "accept a configuration without any type, which drains all machines");
}

std::optional<std::string> hint_at_file_of_original(const Config& config) {
  constexpr const char* original = "/var/lib/hydra/provisioner/machines";
  std::error_code ignored;
  const bool is_other = !config.update_command && config.machines_file != original;
  if (!is_other || !std::filesystem::exists(original, ignored)) return std::nullopt;
  return fmt::format(
      "{} exists, which the original program wrote, but {} is written: let the queue runner read this "
      "one, then remove that one; or set machinesFile",
      original, config.machines_file);
}

io::Task<std::expected<Config, Failure>> load(ConfigFile file) {
  auto config = co_await config::load_config(file.path, file.options());
  if (!config) co_return std::unexpected(Failure{std::move(config.error()), exit_status::configuration});
  co_return *std::move(config);
}

}  // namespace hydra_provisioner::app
