// Text that is read piece by piece, so that it need not fit into memory.
#pragma once

#include <functional>
#include <string>

#include "model/error.hpp"

namespace hydra_provisioner::trace {

// The next piece; empty at the end. After an error it is not called again.
using Source = std::function<Expected<std::string>()>;

// The text at once.
Source source_of(std::string text);

// All that is left.
Expected<std::string> all_of(const Source& source);

}  // namespace hydra_provisioner::trace
