#include "forecast/measured_boots.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/machine.hpp"

namespace hydra_provisioner::forecast {
namespace {

using testing::ElementsAre;

state::JournalEvent event(int seconds, const char* machine, const char* kind) {
  return {.time = Instant{Seconds{seconds}},
          .machine = MachineId{machine},
          .pool = PoolName{"p"},
          .kind = kind,
          .reason = {}};
}

TEST(MeasuredBoots, AreFromTheRequestUntilAMachineWasReadyForTheFirstTime) {
  const auto boots = boots_in({event(10, "t-1", "requested"), event(11, "t-1", "creating"),
                               event(20, "t-2", "requested"), event(100, "t-1", "ready"), event(130, "t-2", "failed"),
                               event(200, "t-1", "draining"), event(210, "t-1", "ready"), event(220, "t-3", "ready")});
  ASSERT_EQ(boots.size(), 1u);
  EXPECT_THAT(boots.at(PoolName{"p"}), ElementsAre(Seconds{90}));
}

TEST(MeasuredStarts, AreFromTheStartOfAStoppedMachineUntilItWasReady) {
  const auto starts =
      starts_in({event(10, "t-1", "requested"), event(11, "t-1", "creating"), event(90, "t-1", "ready"),
                 event(200, "t-1", "stopped"), event(300, "t-1", "creating"), event(325, "t-1", "ready"),
                 event(400, "t-1", "creating"), event(500, "t-1", "ready")});
  ASSERT_EQ(starts.size(), 1u);
  EXPECT_THAT(starts.at(PoolName{"p"}), ElementsAre(Seconds{25}));
}

TEST(MeasuredStarts, AreExpectedToBeNoLongerThanBootsWithoutAny) {
  EXPECT_THAT(expected_starts({Seconds{40}, Seconds{300}}), ElementsAre(Seconds{40}, usual_start_time));
}

TEST(MeasuredBoots, AreTheLatestThousand) {
  std::vector<state::JournalEvent> events;
  for (int n = 0; n < 1200; ++n) {
    const std::string machine = "t-" + std::to_string(n);
    events.push_back(event(0, machine.c_str(), "requested"));
    events.push_back(event(n + 1, machine.c_str(), "ready"));
  }
  const auto boots = boots_in(events);
  EXPECT_EQ(boots.at(PoolName{"p"}).size(), 1000u);
  EXPECT_EQ(boots.at(PoolName{"p"}).back(), Seconds{1200});
}

TEST(MeasuredBoots, HaveAMeanThatIsTheUsualTimeWithoutAny) {
  const BootTimes boots{{PoolName{"p"}, {Seconds{90}, Millis{91'500}}}, {PoolName{"quick"}, {Millis{10}}}};
  EXPECT_EQ(mean_boot(boots, PoolName{"p"}), Seconds{91});
  EXPECT_EQ(mean_boot(boots, PoolName{"quick"}), Seconds{1});
  EXPECT_EQ(mean_boot(boots, PoolName{"another"}), usual_boot_time);
}

}  // namespace
}  // namespace hydra_provisioner::forecast
