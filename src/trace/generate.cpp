#include "trace/generate.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>
#include <utility>

#include "model/random.hpp"

namespace hydra_provisioner::trace {
namespace {

constexpr double day = 86'400;

double exponential(Random& random, double mean) { return -std::log(random.share()) * mean; }

double normal(Random& random) {
  return std::sqrt(-2 * std::log(random.share())) * std::cos(2 * std::numbers::pi * random.share());
}

double lognormal(Random& random, double median, double sigma) { return median * std::exp(sigma * normal(random)); }

// At least 1, and with a heavy tail: the smaller `alpha`, the heavier.
double pareto(Random& random, double alpha) { return std::pow(random.share(), -1 / alpha); }

class Generator {
 public:
  explicit Generator(const GeneratorSettings& settings) : settings_(settings), random_(settings.seed) {
    trace_.step_types.push_back(settings.system);
  }

  Trace generate() && {
    switch (settings_.pattern) {
      case Pattern::poisson:
        arrive_evenly();
        break;
      case Pattern::weekly:
        arrive_in_weeks();
        break;
      case Pattern::bursts:
        arrive_in_bursts();
        break;
    }
    std::ranges::sort(trace_.steps, {}, [](const TraceStep& step) { return std::pair(step.ready_at, step.name); });
    return std::move(trace_);
  }

 private:
  double end() const { return settings_.days * day; }

  void add(double ready, double duration) {
    constexpr double longest = 10 * 3600;
    const double seconds = std::clamp(duration, 1.0, longest);
    trace_.steps.push_back({.ready_at = Millis{std::llround(ready * 1000)},
                            .duration = Millis{std::llround(seconds * 1000)},
                            .name = "step-" + std::to_string(trace_.steps.size())});
  }

  // The pauses between arrivals are random, with this mean.
  void each_arrival(double mean_pause, const std::function<void(double now)>& arrived) {
    double now = exponential(random_, mean_pause);
    while (now < end()) {
      arrived(now);
      now += exponential(random_, mean_pause);
    }
  }

  void arrive_evenly() {
    const double pause = end() / static_cast<double>(settings_.steps);
    each_arrival(pause, [&](double now) { add(now, lognormal(random_, 300, 1)); });
  }

  // Arrivals come at the highest rate, and a share of them is kept that depends on the hour.
  void arrive_in_weeks() {
    constexpr double mean_activity = (5 * (10 * 1.0 + 14 * 0.15) + 2 * (24 * 0.1)) / (7 * 24);
    const double pause = end() / static_cast<double>(settings_.steps) * mean_activity;
    each_arrival(pause, [&](double now) {
      if (random_.share() < activity(now)) add(now, lognormal(random_, 300, 1));
    });
  }

  // A trace begins on a Monday at midnight.
  static double activity(double time) {
    const double hour = std::fmod(time, day) / 3600;
    if (std::fmod(time / day, 7) >= 5) return 0.1;
    return hour >= 8 && hour < 18 ? 1 : 0.15;
  }

  // About every six hours an evaluation changes a few packages or nearly all of them. Its steps become ready over about
  // the next hour, as the steps that they depend on end.
  void arrive_in_bursts() {
    constexpr double pause = day / 4;
    constexpr double tail = 1.3;
    constexpr double largest = 1000;  // times the smallest
    std::vector<std::pair<double, double>> bursts;
    double sum = 0;
    each_arrival(pause, [&](double now) {
      bursts.emplace_back(now, std::min(pareto(random_, tail), largest));
      sum += bursts.back().second;
    });
    for (const auto& [begin, size] : bursts) {
      const auto count = std::llround(size / sum * static_cast<double>(settings_.steps));
      for (std::int64_t n = 0; n < count; ++n) add(begin + exponential(random_, 2400), burst_duration());
    }
  }

  double burst_duration() { return lognormal(random_, 25, 1.2) * (random_.chance(3) ? pareto(random_, 0.8) * 10 : 1); }

  const GeneratorSettings& settings_;
  Random random_;
  Trace trace_;
};

}  // namespace

Trace generate(const GeneratorSettings& settings) { return Generator(settings).generate(); }

}  // namespace hydra_provisioner::trace
