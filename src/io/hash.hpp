// Names for contents: equal ones have equal names, and nobody is expected to forge them.
#pragma once

#include <string>
#include <string_view>

namespace hydra_provisioner {

std::string hash_of(std::string_view content);  // 36 characters: 0-9, a-f and -

}  // namespace hydra_provisioner
