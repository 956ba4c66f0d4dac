#include "io/text/money.hpp"

#include <cstdint>

#include <fmt/format.h>

namespace hydra_provisioner::io {

std::string money_text(Micros money, std::string_view currency) {
  const std::string unit = currency.empty() ? "" : fmt::format(" {}", currency);
  if (money.n > 0 && money.n < 5'000) return "<0.01" + unit;
  constexpr std::int64_t micros_in_cent = 10'000;
  const std::int64_t cents = (money.n + micros_in_cent / 2) / micros_in_cent;
  return fmt::format("{}.{:02}{}", cents / 100, cents % 100, unit);
}

}  // namespace hydra_provisioner::io
