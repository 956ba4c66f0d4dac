// What `status --json` shows, and the page for programs.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "app/inputs/preview.hpp"

namespace hydra_provisioner::app {

nlohmann::json status_document(const Preview& seen);

}  // namespace hydra_provisioner::app
