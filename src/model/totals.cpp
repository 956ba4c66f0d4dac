#include "model/totals.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace hydra_provisioner {
namespace {

constexpr double waits[] = {5, 15, 30, 60, 120, 180, 300, 600, 1200, 1800, 3600, 7200};
constexpr double calls[] = {0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600};

}  // namespace

std::span<const double> bounds_of(Total total) {
  switch (total) {
    case Total::boot:
    case Total::demand_to_ready:
    case Total::demand_to_first_step:
      return waits;
    case Total::provider_call_duration:
    case Total::pass_duration:
      return calls;
    default:
      return {};
  }
}

void count(Totals& totals, Total counter, std::vector<std::string> labels, double by) {
  totals[{counter, std::move(labels)}] += by;
}

void measure(Totals& totals, Total histogram, std::vector<std::string> labels, double value) {
  const auto bounds = bounds_of(histogram);
  const auto bound = std::ranges::lower_bound(bounds, value);
  labels.push_back(sum_of_values);
  count(totals, histogram, labels, value);
  labels.back() = bound == bounds.end() ? last_bucket : fmt::format("{}", *bound);
  count(totals, histogram, std::move(labels));
}

void add(Totals& totals, const Totals& more) {
  for (const auto& [key, value] : more) totals[key] += value;
}

}  // namespace hydra_provisioner
