// Invented traces, for farms without a history: the same seed is the same trace.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "trace/trace.hpp"

namespace hydra_provisioner::trace {

enum class Pattern : std::uint8_t {
  poisson,  // steps arrive independently, at the same rate always
  weekly,   // most of them on workdays from 8 to 18 h, few at night and at weekends
  bursts,   // evaluations bring many at once, most of them short, a few very long
};
std::optional<Pattern> pattern_named(std::string_view name);

struct Invention {
  Pattern pattern = Pattern::poisson;
  double days = 14;
  std::int64_t steps = 10'000;  // about so many
  std::string system = "x86_64-linux";
  std::uint64_t seed = 1;
};

Trace generate(const Invention& what);

}  // namespace hydra_provisioner::trace
