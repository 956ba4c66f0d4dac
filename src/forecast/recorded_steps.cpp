#include "forecast/recorded_steps.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace hydra_provisioner::forecast {
namespace {

constexpr Millis shortest{1000};
// Of types of which no step was seen to run; invented traces have this median, too.
constexpr Millis usual_duration{300'000};

struct Step {
  Instant ready_at{};
  Instant began_at{};
  Millis duration{};
  bool is_guessed = false;  // it began and ended between two passes
};

class Mean {
 public:
  void add(Millis value) {
    sum_ += value;
    ++count_;
  }
  std::optional<Millis> value() const { return count_ == 0 ? std::nullopt : std::optional(sum_ / count_); }

 private:
  Millis sum_{};
  std::int64_t count_ = 0;
};

// They begin in the order in which they became ready, and end in the order in which they began. So all that have ended
// come first, and all that have not begun last.
class StepsOfAType {
 public:
  std::size_t size() const { return steps_.size(); }

  // No more steps than that may appear.
  bool see(const state::StepCount& count, std::size_t room) {
    const std::int64_t more_waiting = count.runnable - static_cast<std::int64_t>(steps_.size() - begun_);
    const std::int64_t more_running = count.running - static_cast<std::int64_t>(begun_ - ended_);
    // As few as possible: each that appears without need would have had to end unseen.
    const std::int64_t appeared = std::max({std::int64_t{0}, more_waiting, more_waiting + more_running});
    if (static_cast<std::size_t>(appeared) > room) return false;
    const std::int64_t begun = appeared - more_waiting;
    const std::int64_t ended = begun - more_running;
    steps_.resize(steps_.size() + static_cast<std::size_t>(appeared), {.ready_at = count.time});
    for (std::int64_t n = 0; n < begun; ++n) steps_[begun_++].began_at = count.time;
    for (std::int64_t n = 0; n < ended; ++n) end(steps_[ended_++], count);
    return true;
  }

  // As if all went on from `now` as the others of the type did.
  std::vector<Step> finish(Instant now) && {
    bound_guesses();
    const Millis usual = mean_of_ended().value_or(mean_so_far(now).value_or(usual_duration));
    for (std::size_t i = ended_; i < steps_.size(); ++i)
      steps_[i].duration = i < begun_ ? std::max(Millis{now - steps_[i].began_at}, usual) : usual;
    for (Step& step : steps_) step.duration = std::max(step.duration, shortest);
    return std::move(steps_);
  }

 private:
  static void end(Step& step, const state::StepCount& count) {
    step.is_guessed = step.began_at == count.time;
    step.duration = step.is_guessed ? Millis{count.time - count.before} / 2 : Millis{count.time - step.began_at};
  }

  // Where passes are rare, a step that none of them saw running was not longer than those that some saw.
  void bound_guesses() {
    Mean seen;
    for (std::size_t i = 0; i < ended_; ++i) {
      if (!steps_[i].is_guessed) seen.add(steps_[i].duration);
    }
    const auto most = seen.value();
    for (std::size_t i = 0; most && i < ended_; ++i) {
      if (steps_[i].is_guessed) steps_[i].duration = std::min(steps_[i].duration, *most);
    }
  }

  std::optional<Millis> mean_of_ended() const {
    Mean mean;
    for (std::size_t i = 0; i < ended_; ++i) mean.add(steps_[i].duration);
    return mean.value();
  }

  std::optional<Millis> mean_so_far(Instant now) const {
    Mean mean;
    for (std::size_t i = ended_; i < begun_; ++i) mean.add(now - steps_[i].began_at);
    return mean.value();
  }

  std::vector<Step> steps_;
  std::size_t begun_ = 0;  // of them
  std::size_t ended_ = 0;  // of those
};

void append(trace::Trace& trace, const std::string& key, const std::vector<Step>& steps) {
  if (steps.empty()) return;
  const auto type = static_cast<std::uint32_t>(trace.step_types.size());
  trace.step_types.push_back(key);
  for (const Step& step : steps)
    trace.steps.push_back({.ready_at = step.ready_at.time_since_epoch(), .duration = step.duration, .type = type});
}

// Those that are ready at one time stay in their order.
std::vector<trace::TraceStep> by_time(std::vector<trace::TraceStep> steps) {
  std::vector<std::pair<Millis, std::size_t>> order;
  order.reserve(steps.size());
  for (std::size_t i = 0; i < steps.size(); ++i) order.emplace_back(steps[i].ready_at, i);
  std::ranges::sort(order);
  std::vector<trace::TraceStep> sorted;
  sorted.reserve(steps.size());
  for (const auto& [ready_at, i] : order) sorted.push_back(std::move(steps[i]));
  return sorted;
}

}  // namespace

Expected<trace::Trace> recorded_steps(const state::Archive& archive, Instant since, std::size_t steps_max) {
  const state::StepCounts seen = archive.step_counts(since);
  trace::Trace trace;
  for (const auto& [key, counts] : seen.by_type) {
    StepsOfAType steps;
    for (const state::StepCount& count : counts) {
      if (!steps.see(count, steps_max - trace.steps.size() - steps.size()))
        return failure(fmt::format("journal {}: passes saw more than {} steps; give a later --since",
                                   archive.place().described(), steps_max));
    }
    append(trace, key, std::move(steps).finish(seen.until));
  }
  if (trace.steps.empty())
    return failure(fmt::format("journal {}: no recorded pass saw a step since then; passes are kept for 14 days",
                               archive.place().described()));
  trace.steps = by_time(std::move(trace.steps));
  return trace;
}

}  // namespace hydra_provisioner::forecast
