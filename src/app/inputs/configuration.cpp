#include "app/inputs/configuration.hpp"

#include <utility>

#include "config/load.hpp"

namespace hydra_provisioner::app {

void declare_config(Arguments& arguments, ConfigFile& file) {
  arguments.word("CONF", "configuration file", into(file.path));
  declare_allow_empty(arguments, file);
}

void declare_allow_empty(Arguments& arguments, ConfigFile& file) {
  arguments.flag("--allow-empty", file.allow_empty,
                 "accept a configuration without any type, which drains all machines");
}

io::Task<std::expected<Config, Failure>> load(ConfigFile file) {
  auto config = co_await config::load_config(file.path, {.allow_empty = file.allow_empty});
  if (!config) co_return std::unexpected(Failure{std::move(config.error()), exit_status::configuration});
  co_return *std::move(config);
}

}  // namespace hydra_provisioner::app
