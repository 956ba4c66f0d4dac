// What `status --all` shows: each tag in a line, as its journal and the hosts tell it. No queue and no provider is
// asked.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "app/cli/screen.hpp"
#include "app/inputs/last_pass.hpp"
#include "model/config.hpp"
#include "model/error.hpp"
#include "model/machine.hpp"

namespace hydra_provisioner::app {

struct TagState {
  Tag tag;
  LastPass last_pass;
  std::vector<MachineState> machines{};
  std::string trouble{};  // why its journal cannot be read; empty: it can
};

// Of all that share the configuration's database, or this state directory.
Expected<std::vector<TagState>> all_tags(const Config& config, const std::string& state_dir);

std::string all_tags_text(const std::vector<TagState>& tags, const Screen& screen);
nlohmann::json all_tags_document(const std::vector<TagState>& tags);

}  // namespace hydra_provisioner::app
