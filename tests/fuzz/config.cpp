// conf.nix as nix-instantiate prints its value, and the settings of a pool as the journal keeps them.
#include "config/load.hpp"

#include <nlohmann/json.hpp>

#include "io/text/json.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace hydra_provisioner::fuzz {

void read(std::string_view bytes) {
  const auto value = io::parse_json(bytes);
  if (!value) return;
  const auto config = config::read_config("conf.nix", *value, {.allow_empty = true});
  if (!config) {
    expect(!config.error().empty(), "a configuration that is refused has an error");
    return;
  }
  for (const auto& [name, pool] : config->pools) {
    const auto recorded = config::read_pool(name.text, pool.settings_json);
    expect(recorded.has_value(), "the recorded settings of a pool can be read");
    expect(recorded->settings_json == pool.settings_json, "the recorded settings of a pool stay the same");
    expect(recorded->type == pool.type && recorded->kind() == pool.kind() && recorded->schedules == pool.schedules &&
               recorded->max_machines == pool.max_machines,
           "the recorded settings of a pool mean the same");
  }
}

}  // namespace hydra_provisioner::fuzz
