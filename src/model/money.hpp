// Money, in the currency that the operator uses.
#pragma once

#include <compare>
#include <cstdint>

namespace hydra_provisioner {

struct Micros {
  std::int64_t n = 0;  // millionths of a unit
  auto operator<=>(const Micros&) const = default;
};

}  // namespace hydra_provisioner
