// Which options of the verbs on traces belong together.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "app/options.hpp"

namespace hydra_provisioner {

// What is given to a verb that it does not go with; none: all is well.
std::optional<std::string> misplaced_trace_option(const Options& options);

// What a verb on traces lacks, or has too much of.
std::optional<std::string> lacking_trace_option(const Options& options, std::size_t words);

}  // namespace hydra_provisioner
