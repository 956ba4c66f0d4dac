#include "forecast/forecast.hpp"

#include <algorithm>
#include <numeric>

namespace hydra_provisioner::forecast {

Waits summary_of(std::vector<float> waits) {
  if (waits.empty()) return {};
  std::ranges::sort(waits);
  // The shortest wait that at least this share of the steps did not exceed.
  const auto percentile = [&](std::size_t percent) {
    return static_cast<double>(waits[(waits.size() * percent + 99) / 100 - 1]);
  };
  return {.mean = std::accumulate(waits.begin(), waits.end(), 0.0) / static_cast<double>(waits.size()),
          .p50 = percentile(50),
          .p95 = percentile(95),
          .p99 = percentile(99),
          .max = static_cast<double>(waits.back())};
}

}  // namespace hydra_provisioner::forecast
