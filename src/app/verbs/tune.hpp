// `tune`: which settings would have been better for that trace?
#pragma once

#include "app/cli/options.hpp"
#include "app/cli/terminal.hpp"
#include "model/config.hpp"

namespace hydra_provisioner::app {

int tell_tuning(const Config& config, const Options& options, TerminalVoice& voice);

}  // namespace hydra_provisioner::app
