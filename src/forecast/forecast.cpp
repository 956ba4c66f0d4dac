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
  std::array<std::int64_t, wait_bounds.size() + 1> classes{};
  for (const float wait : waits) {
    const auto longest = std::ranges::lower_bound(wait_bounds, static_cast<double>(wait));
    ++classes.at(static_cast<std::size_t>(longest - wait_bounds.begin()));
  }
  return {.mean = std::accumulate(waits.begin(), waits.end(), 0.0) / static_cast<double>(waits.size()),
          .p50 = percentile(50),
          .p95 = percentile(95),
          .p99 = percentile(99),
          .max = static_cast<double>(waits.back()),
          .classes = classes};
}

PoolForecast sum_of(const std::vector<const PoolForecast*>& pools) {
  PoolForecast sum{.cost = Micros{0}};
  double waited = 0;
  for (const PoolForecast* pool : pools) {
    sum.steps += pool->steps;
    sum.unfinished += pool->unfinished;
    for (std::size_t i = 0; i < phases; ++i) sum.hours.at(i) += pool->hours.at(i);
    const std::optional<Micros> cost = pool->machine_time() == Millis{0} ? Micros{0} : pool->cost;
    sum.cost = sum.cost && cost ? std::optional(Micros{sum.cost->n + cost->n}) : std::nullopt;
    sum.stopped += pool->stopped;
    sum.boots += pool->boots;
    sum.interruptions += pool->interruptions;
    sum.lost_work += pool->lost_work;
    sum.bounds.work += pool->bounds.work;
    sum.bounds.level += pool->bounds.level;
    waited += pool->wait.mean * static_cast<double>(pool->steps);
    sum.wait.max = std::max(sum.wait.max, pool->wait.max);
  }
  if (sum.steps > 0) sum.wait.mean = waited / static_cast<double>(sum.steps);
  return sum;
}

}  // namespace hydra_provisioner::forecast
