// What `status --json` shows, and the page for programs.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "app/inputs/preview.hpp"

namespace hydra_provisioner::app {

// When the last pass was, who makes passes, and whether their file is published.
void add_passes(nlohmann::json& document, const LastPass& last);

nlohmann::json status_document(const Preview& seen);

}  // namespace hydra_provisioner::app
