// What the reading verbs say on stdout.
#pragma once

#include <string_view>

#include "act/voice.hpp"

namespace hydra_provisioner::app {

// Data goes to stdout, whole or as a failure; a reader that has seen enough (`| head`) is told nothing.
bool print(std::string_view text, act::Voice& voice);

}  // namespace hydra_provisioner::app
