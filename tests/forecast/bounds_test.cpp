#include "forecast/bounds.hpp"

#include <algorithm>
#include <limits>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace hydra_provisioner::forecast {
namespace {

TEST(LowerBounds, OfOneStepAreItsWorkAndABoot) {
  const LowerBounds bounds = lower_bounds({{.begin = Millis{5}, .duration = Millis{100}}}, 1, Millis{10});
  EXPECT_EQ(bounds.work, Millis{100});
  EXPECT_EQ(bounds.level, Millis{110});
}

TEST(LowerBounds, KeepAMachineOverAShortGapAndBootAnewAfterALongOne) {
  const auto two = [](int gap) {
    return lower_bounds({{Millis{0}, Millis{100}}, {Millis{100 + gap}, Millis{100}}}, 1, Millis{10}).level;
  };
  EXPECT_EQ(two(0), Millis{210});
  EXPECT_EQ(two(7), Millis{217});
  EXPECT_EQ(two(50), Millis{220});
}

TEST(LowerBounds, FillTheSlotsOfAMachine) {
  const LowerBounds bounds = lower_bounds({{Millis{0}, Millis{100}}, {Millis{0}, Millis{100}}}, 2, Millis{10});
  EXPECT_EQ(bounds.work, Millis{100});
  EXPECT_EQ(bounds.level, Millis{110});
}

TEST(LowerBounds, OfNothingAreNothing) {
  EXPECT_EQ(lower_bounds({}, 4, Millis{10}).level, Millis{0});
  EXPECT_EQ(lower_bounds({{Millis{3}, Millis{0}}}, 4, Millis{10}).level, Millis{0});
}

// The cheapest sequence of numbers of machines that are always enough, found by trying all: what it costs from each
// moment on to have `n` machines, where each further one costs a boot.
std::int64_t cheapest_schedule(const std::vector<std::int64_t>& needed, std::int64_t boot) {
  const std::int64_t most = *std::ranges::max_element(needed);
  constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max() / 4;
  std::vector<std::int64_t> cost(static_cast<std::size_t>(most + 1), never);
  cost[0] = 0;
  for (const std::int64_t least : needed) {
    std::vector<std::int64_t> next(cost.size(), never);
    for (std::int64_t before = 0; before <= most; ++before) {
      for (std::int64_t now = least; now <= most; ++now) {
        std::int64_t& best = next[static_cast<std::size_t>(now)];
        best = std::min(best,
                        cost[static_cast<std::size_t>(before)] + now + std::max<std::int64_t>(now - before, 0) * boot);
      }
    }
    cost = next;
  }
  return *std::ranges::min_element(cost);
}

RC_GTEST_PROP(LowerBounds, AreTheCheapestScheduleInWhichNoStepWaits, ()) {
  const auto slots = *rc::gen::inRange<std::int64_t>(1, 4);
  const auto boot = *rc::gen::inRange<std::int64_t>(0, 12);
  const auto spans = *rc::gen::container<std::vector<std::pair<int, int>>>(
      rc::gen::pair(rc::gen::inRange(0, 30), rc::gen::inRange(1, 12)));
  std::vector<std::int64_t> used(50);
  std::vector<SlotUse> uses;
  std::int64_t work = 0;
  for (const auto& [begin, duration] : spans) {
    uses.push_back({Millis{begin}, Millis{duration}});
    work += duration;
    for (int t = begin; t < begin + duration; ++t) ++used[static_cast<std::size_t>(t)];
  }
  for (std::int64_t& slot : used) slot = (slot + slots - 1) / slots;
  const LowerBounds bounds = lower_bounds(uses, slots, Millis{boot});
  RC_ASSERT(bounds.level.count() == cheapest_schedule(used, boot));
  RC_ASSERT(bounds.work.count() == work / slots);
}

}  // namespace
}  // namespace hydra_provisioner::forecast
