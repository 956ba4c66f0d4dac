#include "pass/rhythm.hpp"

#include <chrono>

#include <gtest/gtest.h>
#include "tests/support/usual.hpp"

namespace hydra_provisioner::pass {
namespace {

using namespace std::chrono_literals;

using support::noon;

PassEnd trusted() {
  PassEnd end;
  end.is_trusted = true;
  return end;
}

PassEnd changing() {
  PassEnd end = trusted();
  end.is_changing = true;
  return end;
}

PassEnd holding_until(Instant time) {
  PassEnd end = trusted();
  end.reconsider_at = time;
  return end;
}

TEST(Rhythm, IsTheIntervalWhileNothingChanges) { EXPECT_EQ(Rhythm().pause_after(trusted(), 15s, noon), 15s); }

TEST(Rhythm, IsQuickWhileSomethingChanges) { EXPECT_EQ(Rhythm().pause_after(changing(), 15s, noon), 2s); }

TEST(Rhythm, IsNeverSlowerThanTheInterval) { EXPECT_EQ(Rhythm().pause_after(changing(), 1s, noon), 1s); }

TEST(Rhythm, ComesBackWhenThePlanEndsByItself) {
  EXPECT_EQ(Rhythm().pause_after(holding_until(noon + 7s), 15s, noon), 7s);
  EXPECT_EQ(Rhythm().pause_after(holding_until(noon + 1h), 15s, noon), 15s);
  EXPECT_EQ(Rhythm().pause_after(holding_until(noon - 1s), 15s, noon), 2s);
}

TEST(Rhythm, SlowsDownWhileTheStatusIsNotTrusted) {
  Rhythm rhythm;
  for (const Seconds pause : {15s, 30s, 60s, 120s, 120s}) EXPECT_EQ(rhythm.pause_after({}, 15s, noon), pause);
  EXPECT_EQ(rhythm.pause_after(trusted(), 15s, noon), 15s);
  EXPECT_EQ(rhythm.pause_after({}, 15s, noon), 15s);
}

TEST(Rhythm, IsNotQuickerForThatThanTheInterval) {
  Rhythm rhythm;
  for (int pass = 0; pass < 3; ++pass) EXPECT_EQ(rhythm.pause_after({}, 300s, noon), 300s);
}

}  // namespace
}  // namespace hydra_provisioner::pass
