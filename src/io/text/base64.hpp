// Base64 with padding (RFC 4648, section 4).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace hydra_provisioner::io {

std::string to_base64(std::string_view bytes);

// Strict: not text with white space, without padding, or with bits that to_base64() would not write.
bool is_base64(std::string_view text);
// No value for text that is not base64.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace hydra_provisioner::io
