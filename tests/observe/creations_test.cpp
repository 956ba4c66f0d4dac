#include "observe/creations.hpp"

#include <chrono>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include "tests/support/usual.hpp"

namespace hydra_provisioner::observe {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

using support::noon;
const PoolName pool{"x86_64-linux"};

class CreationsThatCount : public testing::Test {
 protected:
  CreationsThatCount() {
    config.pools[pool].name = pool;
    config.pools[pool].settings_json = "{}";
    seen.now = noon;
    seen.specifications[pool] = "spec";
    remembered[pool] = {.failed_passes = 4,
                        .last_failed_pass = noon - 60s,
                        .failures = {noon - 1h, noon - 60s},
                        .recipe = recipe_of(config.pools[pool], "spec")};
  }

  CreationRecord record() { return creations_that_count(remembered, config, seen).at(pool); }

  Config config;
  Snapshot seen;
  Creations remembered;
};

TEST_F(CreationsThatCount, AreAllWhileNothingChanges) {
  EXPECT_EQ(record().failed_passes, 4);
  EXPECT_EQ(record().failures.size(), 2);
  EXPECT_FALSE(is_changed(remembered, pool, record()));
}

TEST_F(CreationsThatCount, AreNoneAfterAChangedSpecification) {
  seen.specifications[pool] = "repaired";
  EXPECT_EQ(record().failed_passes, 0);
  EXPECT_THAT(record().failures, ElementsAre());
  EXPECT_TRUE(is_changed(remembered, pool, record()));
}

TEST_F(CreationsThatCount, AreNoneAfterAChangedConfiguration) {
  config.pools[pool].settings_json = R"({"maxMachines":2})";
  EXPECT_EQ(record().failed_passes, 0);
}

TEST_F(CreationsThatCount, StayTheSameWhileTheSpecificationCannotBeRead) {
  seen.specifications[pool] = std::nullopt;
  EXPECT_EQ(record().failed_passes, 4);
}

TEST_F(CreationsThatCount, AreThoseSinceAnOrderToRetry) {
  seen.orders[{OrderKind::retry, pool.text}] = {.since = noon - 100s, .until = noon + 1h};
  EXPECT_EQ(record().failed_passes, 4);
  EXPECT_THAT(record().failures, ElementsAre(noon - 60s));
  seen.orders[{OrderKind::retry, pool.text}].since = noon - 10s;
  EXPECT_EQ(record().failed_passes, 0);
}

TEST_F(CreationsThatCount, TellOfARefusalToStopUntilFailuresCountAnew) {
  remembered[pool].stop_refused_at = noon - 1h;
  EXPECT_EQ(record().stop_refused_at, noon - 1h);
  remembered[pool].counted_from = noon - 30min;
  EXPECT_EQ(record().stop_refused_at, std::nullopt);
}

TEST_F(CreationsThatCount, AreAllWhenAChangeLiesInTheFuture) {
  seen.orders[{OrderKind::retry, pool.text}] = {.since = noon + 24h, .until = noon + 25h};
  EXPECT_EQ(record().failed_passes, 4) << "the clock was set back since the order";
  remembered[pool].counted_from = noon + 24h;
  EXPECT_EQ(record().counted_from, noon);
  EXPECT_TRUE(is_changed(remembered, pool, record())) << "to be recorded, so that it is now only once";
}

class CreationsOfNoUse : public CreationsThatCount {
 protected:
  CreationsOfNoUse() {
    remembered[pool].last_useless = noon - 1h;
    seen.queue = QueueStatus{.time = noon, .arrived = noon, .started = {}, .step_types = {}, .machines = {{}}};
    seen.queue->machines_join = true;
    Machine machine;
    machine.id = MachineId{"a-1"};
    machine.pool = pool;
    machine.state = MachineState::ready;
    machine.ready_at = noon - 30min;
    machine.listing.is_listed = true;
    machine.listing.began_at = noon - 10min;
    seen.machines = {machine};
    entry().enabled = true;
    entry().current_jobs = 2;
  }

  QueueMachine& entry() { return (*seen.queue->machines)["a-1"]; }
};

TEST_F(CreationsOfNoUse, CountUntilALaterMachineWorks) {
  EXPECT_EQ(record().failed_passes, 0);
  EXPECT_EQ(record().last_useless, std::nullopt);
  EXPECT_EQ(record().failures.size(), 2) << "more than five in an hour are too many anyway";
  EXPECT_TRUE(is_changed(remembered, pool, record()));
}

TEST_F(CreationsOfNoUse, CountWhileNoneIsKnownToWork) {
  const auto still_count = [&] { return record().failed_passes == 4 && record().last_useless == noon - 1h; };
  entry().current_jobs = 0;
  EXPECT_TRUE(still_count()) << "it builds nothing";
  entry().current_jobs = 2;
  entry().trouble = "it has failed all 3 steps that it got";
  EXPECT_TRUE(still_count());
  entry().trouble.clear();
  seen.machines[0].ready_at = noon - 2h;
  EXPECT_TRUE(still_count()) << "it may be made from something else";
  seen.machines[0].ready_at = noon - 30min;
  seen.machines[0].listing.began_at = noon - 9min;
  EXPECT_TRUE(still_count()) << "it may not have failed enough steps yet";
  seen.queue = std::unexpected(Untrusted{"down"});
  EXPECT_TRUE(still_count());
}

TEST_F(CreationsOfNoUse, AreForgottenAfterTwoHoursOrIfTheyWereCountedBeforeAChange) {
  entry().current_jobs = 0;
  remembered[pool].last_useless = noon - 2h;
  EXPECT_EQ(record().last_useless, std::nullopt) << "from now on it counts again that machines get ready";
  EXPECT_EQ(record().failed_passes, 4);
  remembered[pool].last_useless = noon - 1h;
  seen.specifications[pool] = "repaired";
  EXPECT_EQ(record().last_useless, std::nullopt);
}

TEST_F(CreationsThatCount, IncludeThoseOfMachinesThatEndedSoonAfterTheirJob) {
  Machine machine;
  machine.id = MachineId{"a-1"};
  machine.pool = pool;
  Fleet fleet;
  fleet.machines = {machine};
  fleet.ended_early = {machine.id};
  const JobState job{.machine = machine.id, .operation = Operation::create, .is_running = false, .result = Instance{}};
  EXPECT_EQ(with_ended(remembered, fleet, {job}, noon).at(pool).failed_passes, 5);
}

TEST_F(CreationsThatCount, IncludeMachinesThatEndedBeforeTheyWereReady) {
  Machine machine;
  machine.id = MachineId{"a-1"};
  machine.pool = pool;
  machine.last_error = "ended before it was ready: no volume";
  Fleet fleet;
  fleet.machines = {machine};
  fleet.ended_early = {machine.id};
  const Creations creations = with_ended(remembered, fleet, {}, noon);
  EXPECT_EQ(creations.at(pool).failed_passes, 5);
  EXPECT_EQ(creations.at(pool).last_error, machine.last_error);
}

}  // namespace
}  // namespace hydra_provisioner::observe
