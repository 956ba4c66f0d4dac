// Watches a simulated farm, and measures what it cost and how long its steps waited.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "forecast/forecast.hpp"
#include "model/config.hpp"
#include "sim/cloud.hpp"
#include "sim/events.hpp"
#include "sim/virtual_clock.hpp"

namespace hydra_provisioner::forecast {

// How many of something there were over time: an average for each of many equal spans.
class CurveSum {
 public:
  explicit CurveSum(Millis span) : span_(span) {}

  // There were so many more between these times, which count from the beginning.
  void add(Millis from, Millis to, std::int64_t more = 1);
  Curve curve() const;

 private:
  void reach(std::size_t place);

  Millis span_;
  std::vector<Millis> partial_{};      // time within spans that were covered in part
  std::vector<std::int64_t> whole_{};  // by how many more the whole span was covered than the one before it
};

// The same of a number that changes while one watches, with its highest value of each span.
class WatchedCurve {
 public:
  explicit WatchedCurve(Millis span) : span_(span), sum_(span) {}

  void change(Millis now, std::int64_t by);
  Curve averages() const { return sum_.curve(); }  // until the last change
  const Curve& highest() const { return highest_; }

 private:
  Millis span_;
  CurveSum sum_;
  Curve highest_{};
  Millis since_{};
  std::int64_t number_ = 0;
};

class Meter final : public sim::Observer {
 public:
  Meter(const Config& config, sim::Time begin, Millis span_of_curves);
  void watch(sim::Timeline& timeline, sim::Cloud& cloud);

  // A step of the pool became ready. The queue runner gives it this number.
  void step_is_ready(std::int64_t step, const PoolName& pool);

  // Called when a step is done, or given up.
  std::function<void(std::int64_t step)> on_end = [](std::int64_t) {};

  // Machines that are paid for now.
  std::int64_t machines_of(const PoolName& pool) const { return pools_.at(pool).machines; }
  sim::Time last_progress() const { return last_progress_; }

  // The forecasts of the pools, without their lower bounds. Machines that still exist are paid for until now.
  std::map<PoolName, PoolForecast> results();

  void file_was_rejected(const std::string& why) override;
  void instance_was_made(const sim::SimInstance& instance) override;
  void instance_changed_power(const sim::SimInstance& instance) override;
  void instance_ended(const sim::SimInstance& instance, bool was_taken_away) override;
  void machine_was_listed(const std::string& address, bool is_now) override;
  void step_began(std::int64_t step, const std::string& address) override;
  void step_ended(std::int64_t number, const std::string& address, sim::StepEnd how) override;

 private:
  struct Sums {
    PoolForecast forecast{};
    std::optional<Micros> price_per_hour{};
    Micros stopped_price_per_hour{};
    Millis billing_period{};
    Millis paid{};  // in whole periods
    std::int64_t machines = 0;
    std::vector<float> waits{};
    WatchedCurve waiting;
    std::array<CurveSum, phases> phase;
    WatchedCurve all_machines;
  };
  struct Paid {
    Sums* pool = nullptr;
    sim::Time launched;
    sim::Time since;  // in this phase
    bool is_listed = false;
    bool was_listed = false;
    std::int64_t jobs = 0;

    Phase phase() const;
  };
  struct Stopped {
    Sums* pool = nullptr;
    sim::Time since;
  };
  struct Step {
    Sums* pool = nullptr;
    sim::Time ready;
    sim::Time began;
  };

  void begin_paying(std::int64_t instance, const PoolName& pool);
  void stop_paying(std::int64_t instance);
  void account(Paid& paid);
  void end_stop(std::int64_t instance);
  Paid* at(const std::string& address);
  Millis since_begin(sim::Time time) const { return time - begin_; }
  Millis now() const { return since_begin(timeline_->now()); }

  sim::Timeline* timeline_ = nullptr;
  sim::Cloud* cloud_ = nullptr;
  sim::Time begin_;
  sim::Time last_progress_;
  std::map<PoolName, Sums> pools_;
  std::map<std::int64_t, Paid> paid_;  // by the instance's number
  std::map<std::int64_t, Stopped> stopped_;
  std::map<std::int64_t, Step> steps_;
};

}  // namespace hydra_provisioner::forecast
