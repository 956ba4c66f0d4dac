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

TEST(Rhythm, IsTheIntervalWhileNothingChanges) { EXPECT_EQ(pause_after(trusted(), 15s, noon), 15s); }

TEST(Rhythm, IsQuickWhileSomethingChanges) { EXPECT_EQ(pause_after(changing(), 15s, noon), 2s); }

TEST(Rhythm, IsNeverSlowerThanTheInterval) { EXPECT_EQ(pause_after(changing(), 1s, noon), 1s); }

TEST(Rhythm, ComesBackWhenThePlanEndsByItself) {
  EXPECT_EQ(pause_after(holding_until(noon + 7s), 15s, noon), 7s);
  EXPECT_EQ(pause_after(holding_until(noon + 1h), 15s, noon), 15s);
  EXPECT_EQ(pause_after(holding_until(noon - 1s), 15s, noon), 2s);
}

TEST(Rhythm, IsTheSameWhileTheStatusIsNotTrusted) {
  for (PassEnd end : {trusted(), changing(), holding_until(noon + 7s)}) {
    const Seconds pause = pause_after(end, 15s, noon);
    end.is_trusted = false;
    EXPECT_EQ(pause_after(end, 15s, noon), pause);
  }
}

}  // namespace
}  // namespace hydra_provisioner::pass
