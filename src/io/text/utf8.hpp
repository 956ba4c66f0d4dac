// Characters in UTF-8.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace hydra_provisioner::io {

struct Character {
  std::uint32_t code = 0;
  std::size_t bytes = 1;
  bool is_valid = false;  // if not, it is a byte that is not UTF-8
};

// The text must not be empty.
Character first_character(std::string_view text);

}  // namespace hydra_provisioner::io
