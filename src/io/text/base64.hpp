// Base64 with padding, as of RFC 4648 section 4.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace hydra_provisioner::io {

std::string to_base64(std::string_view bytes);

// Strict: no value for white space, missing padding, or bits that to_base64() would not have written.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace hydra_provisioner::io
