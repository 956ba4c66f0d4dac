// Generated traces, for farms without a history. The same seed makes the same trace.
#pragma once

#include <cstdint>
#include <string>

#include "model/enum_names.hpp"
#include "trace/trace.hpp"

namespace hydra_provisioner::trace {

enum class Pattern : std::uint8_t {
  poisson,  // steps arrive independently, always at the same rate
  weekly,   // most of them on workdays from 8 to 18 h, few at night and at weekends
  bursts,   // evaluations bring many at once, most of them short, a few very long
};

}  // namespace hydra_provisioner::trace

namespace hydra_provisioner {
template <>
inline constexpr auto names_of<trace::Pattern> = enum_names("poisson", "weekly", "bursts");
}  // namespace hydra_provisioner

namespace hydra_provisioner::trace {

struct GeneratorSettings {
  Pattern pattern = Pattern::poisson;
  double days = 14;
  std::int64_t steps = 10'000;  // on average
  std::string system = "x86_64-linux";
  std::uint64_t seed = 1;
};

Trace generate(const GeneratorSettings& settings);

}  // namespace hydra_provisioner::trace
