// Where a trace goes that was imported or invented.
#pragma once

#include <string>

#include "app/cli/verb.hpp"
#include "trace/trace.hpp"

namespace hydra_provisioner::app {

// --output
void declare_output(Arguments& arguments, std::string& file);

// To the file, compressed as its name says; to stdout without one.
Outcome write_trace(const trace::Trace& trace, const std::string& file, TerminalVoice& voice);

}  // namespace hydra_provisioner::app
