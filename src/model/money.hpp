// Money, in the currency that the operator uses.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>

namespace hydra_provisioner {

struct Micros {
  std::int64_t n = 0;  // millionths of a unit
  auto operator<=>(const Micros&) const = default;
};

// What may be spent on machines. None: any amount.
struct Budget {
  std::optional<Micros> per_day{};
  std::optional<Micros> per_month{};

  friend bool operator==(const Budget&, const Budget&) = default;
};

inline double units_in(Micros money) { return static_cast<double>(money.n) / 1e6; }

}  // namespace hydra_provisioner
