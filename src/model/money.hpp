// Money, in the currency that the operator uses.
#pragma once

#include <compare>
#include <cstdint>

namespace hydra_provisioner {

struct Micros {
  std::int64_t n = 0;  // millionths of a unit
  auto operator<=>(const Micros&) const = default;
};

inline double units_in(Micros money) { return static_cast<double>(money.n) / 1e6; }

}  // namespace hydra_provisioner
