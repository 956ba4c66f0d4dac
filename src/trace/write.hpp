// A trace as the text of a file: see docs/traces.md.
#pragma once

#include <string>

#include "trace/trace.hpp"

namespace hydra_provisioner::trace {

std::string trace_text(const Trace& trace);

}  // namespace hydra_provisioner::trace
