// Numbers with their nouns.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <fmt/format.h>

namespace hydra_provisioner {

// `1 step`, `2 steps`. `many` is given where an "s" does not make the plural.
inline std::string counted(std::int64_t number, std::string_view one, std::string_view many = {}) {
  if (number == 1) return fmt::format("1 {}", one);
  return many.empty() ? fmt::format("{} {}s", number, one) : fmt::format("{} {}", number, many);
}

}  // namespace hydra_provisioner
