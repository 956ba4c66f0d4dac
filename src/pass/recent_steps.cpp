#include "pass/recent_steps.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "decide/demand.hpp"
#include "decide/outlook.hpp"

namespace hydra_provisioner::pass {
namespace {

constexpr Seconds arrivals_are_counted_for{3600};
// Passes that follow more quickly share a sample, so that there are at most 240 in an hour.
constexpr Seconds between_samples{15};

bool depends_on_steps(const PoolConfig& pool) { return pool.scaling == Scaling::work || pool.spares_slots(); }

std::int64_t ended_between(const state::StepSample& earlier, const state::StepSample& later) {
  const bool has_restarted = later.ended < earlier.ended;
  return has_restarted ? later.ended : later.ended - earlier.ended;
}

// How many steps arrive. Since 2025, the queue runner counts a step as ended only when it has fetched its outputs, but
// as running no longer than it builds. So what is missing meanwhile comes back as an end, and is no arrival.
class Arrivals {
 public:
  std::int64_t between(const state::StepSample& earlier, const state::StepSample& later) {
    const std::int64_t more = later.present - earlier.present + ended_between(earlier, later);
    if (later.time - missing_since_ > missing_for_at_most) missing_ = 0;
    if (more < 0) missing_since_ = later.time;
    const std::int64_t arrived = std::max<std::int64_t>(more - missing_, 0);
    missing_ = std::max<std::int64_t>(missing_ - more, 0);
    return arrived;
  }

 private:
  static constexpr Seconds missing_for_at_most{600};  // steps that were cancelled do not come back

  std::int64_t missing_ = 0;
  Instant missing_since_;
};

// For which steps that ended are counted.
Seconds window_of(const PoolConfig& pool, const Snapshot& seen) {
  std::vector<const Machine*> machines;
  for (const Machine& machine : seen.machines) {
    if (machine.pool == pool.name && machine.provider == pool.kind()) machines.push_back(&machine);
  }
  return std::max(pool.target_wait, decide::boot_time(machines));
}

// For which samples are kept. Only the number of spare slots depends on the arrivals of an hour.
Seconds horizon_of(const PoolConfig& pool, const Snapshot& seen) {
  return pool.spares_slots() ? std::max(window_of(pool, seen), arrivals_are_counted_for) : window_of(pool, seen);
}

RecentSteps sums_of(const state::StepSamples& samples, Seconds window, Instant now) {
  RecentSteps recent;
  if (samples.empty()) return recent;
  recent.waiting_since = samples.back().waiting_since;
  Arrivals arrivals;
  for (std::size_t i = 1; i < samples.size(); ++i) {
    const Instant time = samples[i].time;
    const std::int64_t ended = ended_between(samples[i - 1], samples[i]);
    const std::int64_t arrived = arrivals.between(samples[i - 1], samples[i]);
    if (arrived > 0) recent.arrived_at = time;
    if (ended > 0 && time > now - window) {
      recent.ended += ended;
      if (!recent.fewer_ended_at) recent.fewer_ended_at = time + window;
    }
    if (arrived > 0 && time > now - arrivals_are_counted_for) {
      recent.arrived += arrived;
      if (!recent.fewer_arrived_at) recent.fewer_arrived_at = time + arrivals_are_counted_for;
    }
  }
  return recent;
}

// The last one before `since` stays, because what comes later is compared with it.
void forget_before(state::StepSamples& samples, Instant since) {
  const auto first_within =
      std::ranges::find_if(samples, [&](const state::StepSample& sample) { return sample.time > since; });
  if (first_within - samples.begin() > 1) samples.erase(samples.begin(), first_within - 1);
}

bool is_same(const state::StepSample& a, const state::StepSample& b) {
  return a.ended == b.ended && a.present == b.present && a.waiting_since == b.waiting_since;
}

bool has_waiting_steps(const PoolName& pool, const Plan& plan) {
  return std::ranges::any_of(
      plan.pools, [&](const PoolPlan& planned) { return planned.name == pool && planned.runnable > planned.ignored; });
}

// The newest of them is of this pass.
void merge_newest(state::StepSamples& samples) {
  const auto count = samples.size();
  if (count > 2 && samples[count - 2].time - samples[count - 3].time < between_samples)
    samples.erase(samples.end() - 2);
}

}  // namespace

AllStepSamples with_present(const AllStepSamples& known, const Snapshot& seen, const Config& config) {
  AllStepSamples samples;
  for (const auto& [name, pool] : config.pools) {
    if (!depends_on_steps(pool)) continue;
    const auto before = known.find(name);
    samples.emplace(name, before == known.end() ? state::StepSamples{} : before->second);
  }
  if (!seen.queue || samples.empty()) return samples;
  const decide::Demand demand = decide::place_steps(*seen.queue, config);
  for (auto& [name, all] : samples) {
    const decide::Load& load = demand.pools.at(name);
    all.push_back({.time = seen.now,
                   .ended = decide::steps_ended(config.pools.at(name), *seen.queue),
                   .present = decide::saturating_sum(load.runnable, load.running),
                   .waiting_since = all.empty() ? std::nullopt : all.back().waiting_since});
  }
  return samples;
}

std::map<PoolName, RecentSteps> recent_steps(const AllStepSamples& samples, const Snapshot& seen,
                                             const Config& config) {
  std::map<PoolName, RecentSteps> recent;
  for (const auto& [name, all] : samples)
    recent.emplace(name, sums_of(all, window_of(config.pools.at(name), seen), seen.now));
  return recent;
}

AllStepSamples changed_samples(AllStepSamples samples, const AllStepSamples& known, const Snapshot& seen,
                               const Config& config, const Plan& plan) {
  AllStepSamples changed;
  if (!seen.queue) return changed;
  for (auto& [name, all] : samples) {
    state::StepSample& now = all.back();
    if (!has_waiting_steps(name, plan)) {
      now.waiting_since.reset();
    } else if (!now.waiting_since) {
      now.waiting_since = seen.now;
    }
    const auto before = known.find(name);
    if (before != known.end() && !before->second.empty() && is_same(before->second.back(), now)) continue;
    const PoolConfig& pool = config.pools.at(name);
    merge_newest(all);
    forget_before(all, seen.now - horizon_of(pool, seen));
    changed.emplace(name, std::move(all));
  }
  return changed;
}

}  // namespace hydra_provisioner::pass
