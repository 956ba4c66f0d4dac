// The results of simulating a configuration on a trace.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "forecast/bounds.hpp"
#include "model/enum_names.hpp"
#include "model/money.hpp"
#include "model/names.hpp"
#include "model/plan.hpp"
#include "model/time.hpp"
#include "trace/trace.hpp"

namespace hydra_provisioner::forecast {

// What a machine does while it is paid for. One that drains and still builds is busy.
enum class Phase : std::uint8_t { boot, busy, idle, drain };

}  // namespace hydra_provisioner::forecast

namespace hydra_provisioner {
template <>
inline constexpr auto names_of<forecast::Phase> = enum_names("boot", "busy", "idle", "drain");
}  // namespace hydra_provisioner

namespace hydra_provisioner::forecast {

inline constexpr std::size_t phases = names_of<Phase>.size();

// The longest waits, in seconds, of the classes into which waits are sorted. The last class has none.
inline constexpr std::array wait_bounds{0.0, 10.0, 60.0, 300.0, 900.0, 3600.0, 14400.0};

// How long steps waited until they began for the last time, in seconds.
struct Waits {
  double mean = 0;
  double p50 = 0;
  double p95 = 0;
  double p99 = 0;
  double max = 0;
  std::array<std::int64_t, wait_bounds.size() + 1> classes{};  // how many steps waited so long
};
Waits summary_of(std::vector<float> waits);

// Values of equal spans of time, from the beginning of the trace on.
using Curve = std::vector<double>;

struct PoolForecast {
  std::int64_t steps = 0;       // that were built
  std::int64_t unfinished = 0;  // that were not built by the end
  std::array<Millis, phases> hours{};
  Millis stopped{};              // which is not machine time
  std::optional<Micros> cost{};  // none: the price is not known
  std::int64_t boots = 0;
  std::int64_t peak_machines = 0;
  std::int64_t interruptions = 0;  // machines that were taken away
  Millis lost_work{};              // of steps that had to begin again
  Waits wait{};
  LowerBounds bounds{};

  Curve waiting{};                       // steps, on average
  Curve most_waiting{};                  // at once
  std::array<Curve, phases> machines{};  // on average
  Curve most_machines{};                 // at once

  Millis machine_time() const { return hours[0] + hours[1] + hours[2] + hours[3]; }
};

// What they are together. Percentiles of waits and numbers of machines are not known of them.
PoolForecast sum_of(const std::vector<const PoolForecast*>& pools);

struct Forecast {
  std::map<PoolName, PoolForecast> pools;
  std::vector<Unplaceable> unplaceable;  // steps that fit no pool
  Instant begin;
  Millis span_of_curves{};  // between two values of a curve
  std::int64_t passes = 0;
  std::string currency;  // of costs; empty: not given
};

}  // namespace hydra_provisioner::forecast
