#include "forecast/meter.hpp"

#include <algorithm>
#include <stdexcept>

namespace hydra_provisioner::forecast {
namespace {

constexpr std::int64_t hour_ms = 3'600'000;

Micros money_for(Millis paid, Micros price_per_hour) {
  // Whole hours and the rest are multiplied apart: a product of micro-units and milliseconds can exceed 64 bits.
  const std::int64_t rest = paid.count() % hour_ms;
  return {price_per_hour.n * (paid.count() / hour_ms) + price_per_hour.n / 1000 * rest / (hour_ms / 1000)};
}

}  // namespace

Meter::Meter(const Config& config, sim::Time begin, Millis span_of_curves) : begin_(begin), last_progress_(begin) {
  const CurveSum none(span_of_curves);
  const WatchedCurve zero(span_of_curves);
  for (const auto& [name, pool] : config.pools) {
    pools_.emplace(name, Sums{.price_per_hour = pool.price_per_hour,
                              .stopped_price_per_hour = pool.stopped_price_per_hour.value_or(Micros{0}),
                              .billing_period = pool.billing_period.value_or(Seconds{0}),
                              .waiting = zero,
                              .phase = {none, none, none, none},
                              .all_machines = zero});
  }
}

void Meter::watch(sim::Timeline& timeline, sim::Cloud& cloud) {
  timeline_ = &timeline;
  cloud_ = &cloud;
}

void Meter::step_is_ready(std::int64_t step, const PoolName& pool) {
  Sums& sums = pools_.at(pool);
  steps_.emplace(step, Step{.pool = &sums, .ready = timeline_->now(), .began = {}});
  sums.waiting.change(now(), 1);
}

// Our own publisher wrote the file.
void Meter::file_was_rejected(const std::string& why) { throw std::logic_error("a malformed machines file: " + why); }

void Meter::instance_was_made(const sim::SimInstance& instance) { begin_paying(instance.number, instance.pool); }

void Meter::instance_changed_power(const sim::SimInstance& instance) {
  if (instance.power == sim::Power::off) {
    stop_paying(instance.number);
    stopped_.try_emplace(instance.number, Stopped{.pool = &pools_.at(instance.pool), .since = timeline_->now()});
  }
  if (instance.power == sim::Power::on) end_stop(instance.number);
  if (instance.power == sim::Power::on && !paid_.contains(instance.number))
    begin_paying(instance.number, instance.pool);
}

void Meter::instance_ended(const sim::SimInstance& instance, bool was_taken_away) {
  if (was_taken_away) ++pools_.at(instance.pool).forecast.interruptions;
  stop_paying(instance.number);
  end_stop(instance.number);
}

void Meter::end_stop(std::int64_t instance) {
  const auto found = stopped_.find(instance);
  if (found == stopped_.end()) return;
  const auto& [pool, since] = found->second;
  pool->forecast.stopped += timeline_->now() - since;
  stopped_.erase(found);
}

void Meter::begin_paying(std::int64_t instance, const PoolName& pool) {
  Sums& sums = pools_.at(pool);
  paid_.insert_or_assign(instance, Paid{.pool = &sums, .launched = timeline_->now(), .since = timeline_->now()});
  sums.all_machines.change(now(), 1);
  ++sums.forecast.boots;
  sums.forecast.peak_machines = std::max(sums.forecast.peak_machines, ++sums.machines);
}

void Meter::stop_paying(std::int64_t instance) {
  const auto found = paid_.find(instance);
  if (found == paid_.end()) return;
  Paid& paid = found->second;
  account(paid);
  paid.pool->all_machines.change(now(), -1);
  --paid.pool->machines;
  const Millis span = timeline_->now() - paid.launched;
  const Millis period = paid.pool->billing_period;
  paid.pool->paid += period > Millis{0} ? (span + period - Millis{1}) / period * period : span;
  paid_.erase(found);
}

Phase Meter::Paid::phase() const {
  if (jobs > 0) return Phase::busy;
  if (is_listed) return Phase::idle;
  return was_listed ? Phase::drain : Phase::boot;
}

void Meter::account(Paid& paid) {
  const auto phase = static_cast<std::size_t>(paid.phase());
  const sim::Time now = timeline_->now();
  paid.pool->forecast.hours.at(phase) += now - paid.since;
  paid.pool->phase.at(phase).add(since_begin(paid.since), since_begin(now));
  paid.since = now;
}

Meter::Paid* Meter::at(const std::string& address) {
  const sim::SimInstance* instance = cloud_->at(address);
  const auto found = instance == nullptr ? paid_.end() : paid_.find(instance->number);
  return found == paid_.end() ? nullptr : &found->second;
}

void Meter::machine_was_listed(const std::string& address, bool is_now) {
  Paid* paid = at(address);
  if (paid == nullptr) return;
  account(*paid);
  paid->is_listed = is_now;
  paid->was_listed = true;
}

void Meter::step_began(std::int64_t step, const std::string& address) {
  Step& begun = steps_.at(step);
  last_progress_ = begun.began = timeline_->now();
  begun.pool->waiting.change(now(), -1);
  Paid* paid = at(address);
  if (paid == nullptr) return;
  account(*paid);
  ++paid->jobs;
}

void Meter::step_ended(std::int64_t number, const std::string& address, sim::StepEnd how) {
  const auto found = steps_.find(number);
  const Step& step = found->second;
  PoolForecast& pool = step.pool->forecast;
  last_progress_ = timeline_->now();
  if (Paid* paid = at(address)) {
    account(*paid);
    --paid->jobs;
  }
  if (how != sim::StepEnd::done) pool.lost_work += timeline_->now() - step.began;
  if (how == sim::StepEnd::failed) return step.pool->waiting.change(now(), 1);
  if (how == sim::StepEnd::done) {
    ++pool.steps;
    step.pool->waits.push_back(static_cast<float>((step.began - step.ready).count()) / 1000);
  } else {
    ++pool.unfinished;
  }
  steps_.erase(found);
  on_end(number);
}

std::map<PoolName, PoolForecast> Meter::results() {
  while (!paid_.empty()) stop_paying(paid_.begin()->first);
  while (!stopped_.empty()) end_stop(stopped_.begin()->first);
  for (const auto& [number, step] : steps_) ++step.pool->forecast.unfinished;
  std::map<PoolName, PoolForecast> results;
  for (auto& [name, sums] : pools_) {
    PoolForecast& result = results[name] = sums.forecast;
    if (sums.price_per_hour) {
      result.cost = Micros{money_for(sums.paid, *sums.price_per_hour).n +
                           money_for(result.stopped, sums.stopped_price_per_hour).n};
    }
    result.wait = summary_of(std::move(sums.waits));
    sums.waiting.change(now(), 0);
    result.waiting = sums.waiting.averages();
    result.most_waiting = sums.waiting.highest();
    result.most_machines = sums.all_machines.highest();
    for (std::size_t i = 0; i < phases; ++i) result.machines.at(i) = sums.phase.at(i).curve();
  }
  return results;
}

void CurveSum::add(Millis from, Millis to, std::int64_t more) {
  if (to <= from || more == 0) return;
  const auto first = static_cast<std::size_t>(from / span_);
  const auto last = static_cast<std::size_t>((to - Millis{1}) / span_);
  reach(last + 1);
  if (first == last) {
    partial_[first] += (to - from) * more;
    return;
  }
  partial_[first] += (span_ * static_cast<std::int64_t>(first + 1) - from) * more;
  partial_[last] += (to - span_ * static_cast<std::int64_t>(last)) * more;
  whole_[first + 1] += more;
  whole_[last] -= more;
}

void CurveSum::reach(std::size_t place) {
  if (place < partial_.size()) return;
  partial_.resize(place + 1);
  whole_.resize(place + 1);
}

Curve CurveSum::curve() const {
  Curve curve;
  std::int64_t whole = 0;
  for (std::size_t i = 0; i + 1 < partial_.size(); ++i) {
    whole += whole_[i];
    curve.push_back(static_cast<double>(whole) +
                    static_cast<double>(partial_[i].count()) / static_cast<double>(span_.count()));
  }
  return curve;
}

void WatchedCurve::change(Millis now, std::int64_t by) {
  if (now > since_ && number_ > 0) {
    sum_.add(since_, now, number_);
    const auto end = static_cast<std::size_t>((now - Millis{1}) / span_) + 1;
    if (highest_.size() < end) highest_.resize(end);
    for (auto span = static_cast<std::size_t>(since_ / span_); span < end; ++span)
      highest_[span] = std::max(highest_[span], static_cast<double>(number_));
  }
  since_ = now;
  number_ += by;
}

}  // namespace hydra_provisioner::forecast
