#include "forecast/bounds.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace hydra_provisioner::forecast {
namespace {

// The slots that are taken at a time, or given back if the number is negative.
using Change = std::pair<Millis, std::int64_t>;

std::vector<Change> changes_of(const std::vector<SlotUse>& uses) {
  std::vector<Change> changes;
  changes.reserve(2 * uses.size());
  for (const SlotUse& use : uses) {
    if (use.duration <= Millis{0}) continue;
    changes.emplace_back(use.begin, 1);
    changes.emplace_back(use.begin + use.duration, -1);
  }
  std::ranges::sort(changes);  // slots that are given back are free for steps that begin at the same time
  return changes;
}

// How many machines are needed now, and when each of the others was last needed.
class Levels {
 public:
  explicit Levels(Millis restart) : restart_(restart) {}

  void rise_to(std::size_t level, Millis now) {
    for (; level_ < level; ++level_) {
      if (level_ == left_at_.size()) {
        left_at_.emplace_back();
        cost_ += restart_;
      } else {
        cost_ += std::min(now - left_at_[level_], restart_);
      }
    }
  }
  void fall_to(std::size_t level, Millis now) {
    for (; level_ > level; --level_) left_at_[level_ - 1] = now;
  }
  void pass_time(Millis span) { cost_ += span * static_cast<std::int64_t>(level_); }
  Millis cost() const { return cost_; }

 private:
  Millis restart_;
  Millis cost_{};
  std::size_t level_ = 0;
  std::vector<Millis> left_at_;  // by level
};

}  // namespace

LowerBounds lower_bounds(std::vector<SlotUse> uses, std::int64_t slots, Millis restart) {
  LowerBounds bounds;
  Millis work{};
  for (const SlotUse& use : uses) work += use.duration;
  bounds.work = work / slots;
  Levels levels(restart);
  std::int64_t used = 0;
  const std::vector<Change> changes = changes_of(uses);
  for (std::size_t i = 0; i < changes.size();) {
    const Millis now = changes[i].first;
    for (; i < changes.size() && changes[i].first == now; ++i) used += changes[i].second;
    const auto level = static_cast<std::size_t>((used + slots - 1) / slots);
    levels.fall_to(level, now);
    levels.rise_to(level, now);
    if (i < changes.size()) levels.pass_time(changes[i].first - now);
  }
  bounds.level = levels.cost();
  return bounds;
}

}  // namespace hydra_provisioner::forecast
