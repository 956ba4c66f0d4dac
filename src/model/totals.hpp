// Figures that only grow, for the metrics: counters and histograms. The journal keeps them, so they survive restarts.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "model/enum_names.hpp"

namespace hydra_provisioner {

// The names are those of the metrics, without their prefix; src/metrics/families.cpp says what each means.
enum class Total : std::uint8_t {
  creations,
  starts,
  failures,
  stops,
  destructions,
  interruptions,
  lost_step_seconds,
  boot,
  demand_to_ready,
  demand_to_first_step,
  machine_seconds,
  cost,
  provider_calls,
  provider_call_duration,
  publication_failures,
  pass_duration,
  pass_failures,
};
template <>
inline constexpr auto names_of<Total> =
    enum_names("machine_creations_total", "machine_starts_total", "machine_failures_total", "machine_stops_total",
               "machine_destructions_total", "machine_interruptions_total", "lost_step_seconds_total", "boot_seconds",
               "demand_to_ready_seconds", "demand_to_first_step_seconds", "machine_seconds_total", "cost_total",
               "provider_calls_total", "provider_call_seconds", "publication_failures_total", "pass_duration_seconds",
               "pass_failures_total");

struct TotalKey {
  Total total;
  std::vector<std::string> labels;  // their values. A histogram has one more: the bound of a bucket, or `sum`

  auto operator<=>(const TotalKey&) const = default;
};
using Totals = std::map<TotalKey, double>;  // of a bucket: how many values fell into it and into no smaller one

// The upper bounds of a histogram's buckets but the last one, which has none; none for a counter.
std::span<const double> bounds_of(Total total);
inline constexpr const char* last_bucket = "+Inf";
inline constexpr const char* sum_of_values = "sum";

void count(Totals& totals, Total counter, std::vector<std::string> labels, double by = 1);
void measure(Totals& totals, Total histogram, std::vector<std::string> labels, double value);
void add(Totals& totals, const Totals& more);

}  // namespace hydra_provisioner
