// The configuration that a daemon last worked with. A start while the file is broken must not end the provisioner: its
// machines would cost money, and nothing would look after them.
#pragma once

#include <optional>
#include <string>

#include "app/inputs/configuration.hpp"
#include "model/config.hpp"
#include "model/time.hpp"

namespace hydra_provisioner::app {

struct GoodConfig {
  Config config;
  Instant recorded_at;
};

// In the state directory, by the file's path. Where that fails, there is none for the next start.
void record_good_config(const std::string& state_dir, const Config& config, Instant now);

// None: none was recorded for this file, or this version of the program does not take it.
std::optional<GoodConfig> last_good_config(const std::string& state_dir, const ConfigFile& file);

}  // namespace hydra_provisioner::app
