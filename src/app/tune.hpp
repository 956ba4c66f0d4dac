// `tune`: which settings would have been better for that trace?
#pragma once

#include "app/options.hpp"
#include "app/terminal.hpp"
#include "model/config.hpp"

namespace hydra_provisioner {

int tell_tuning(const Config& config, const Options& options, TerminalVoice& voice);

}  // namespace hydra_provisioner
