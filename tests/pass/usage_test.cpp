#include "pass/usage.hpp"

#include <map>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pass/record.hpp"
#include "tests/support/usual.hpp"

namespace hydra_provisioner::pass {
namespace {

using support::noon;
using support::plain;
using testing::IsEmpty;
using namespace std::chrono_literals;

const PoolName unused{"aarch64-linux"};

PoolPlan planned(const PoolName& name, std::int64_t runnable, std::int64_t running) {
  return {.name = name, .runnable = runnable, .running = running, .explanation = {}, .notes = {}};
}

Plan plan_of(std::vector<PoolPlan> pools) {
  return {.time = noon,
          .untrusted = {},
          .pools = std::move(pools),
          .unplaceable = {},
          .actions = {},
          .in_use = {},
          .reconsider_at = {}};
}

std::map<PoolName, state::Load> by_pool(const std::vector<state::Load>& all) {
  std::map<PoolName, state::Load> pools;
  for (const state::Load& load : all) EXPECT_TRUE(pools.emplace(load.pool, load).second) << load.pool.text;
  return pools;
}

TEST(Load, OfStepsCountsThemForTheSpanAndSinceWhenTheyWait) {
  const auto load = by_pool(load_of({}, plan_of({planned(plain, 7, 2)}), {{plain, noon - 100s}}, 15s)).at(plain);
  EXPECT_EQ(load.observed, 15s);
  EXPECT_EQ(load.untrusted, 0s);
  EXPECT_EQ(load.waiting, 7 * 15s);
  EXPECT_EQ(load.running, 2 * 15s);
  EXPECT_EQ(load.most_waiting, 7);
  EXPECT_EQ(load.longest_wait, 100s);
}

TEST(Load, OfMachinesIsTheirUseAndWhatItCosts) {
  const state::Usage used{.pool = plain,
                          .price_per_hour = Micros{7'200'000},
                          .boot = 1s,
                          .busy = 2s,
                          .idle = 3s,
                          .drain = 4s,
                          .stopped = 1000s};
  const auto load = by_pool(load_of({used}, plan_of({planned(plain, 0, 0)}), {}, 15s)).at(plain);
  EXPECT_EQ(load.boot, 1s);
  EXPECT_EQ(load.busy, 2s);
  EXPECT_EQ(load.idle, 3s);
  EXPECT_EQ(load.drain, 4s);
  EXPECT_EQ(load.longest_wait, 0s);
  EXPECT_DOUBLE_EQ(load.cost, 20'000) << "those that are stopped cost nothing";
}

TEST(Load, OfStoppedMachinesIsWhatTheirDisksCost) {
  const state::Usage used{.pool = plain, .price_per_hour = Micros{3'600'000}, .busy = 1s, .stopped_cost = 250};
  EXPECT_DOUBLE_EQ(by_pool(load_of({used}, plan_of({}), {}, 15s)).at(plain).cost, 1250);
  EXPECT_DOUBLE_EQ(*cost_of(used, Use::stopped), 0.00025);
  EXPECT_DOUBLE_EQ(*cost_of(used, Use::busy), 0.001);
}

TEST(Usage, CountsStoppedMachinesAtTheirOwnPrice) {
  Config config;
  PoolConfig& pool = config.pools[plain];
  pool.price_per_hour = Micros{7'200'000};
  Snapshot seen;
  Machine machine;
  machine.pool = plain;
  machine.state = MachineState::stopped;
  seen.machines = {machine, machine};
  EXPECT_EQ(usage_of(seen, config, 10s).at(0).stopped_cost, 0);
  pool.stopped_price_per_hour = Micros{360'000};
  EXPECT_DOUBLE_EQ(usage_of(seen, config, 10s).at(0).stopped_cost, 2'000);
  EXPECT_EQ(price_of(plain, Use::stopped, {}, config), Micros{360'000});
  EXPECT_EQ(price_of(plain, Use::idle, {}, config), Micros{7'200'000});
}

TEST(Load, OfManyShortPassesCostsAsMuchAsOfALongOne) {
  const state::Usage used{.pool = plain, .price_per_hour = Micros{5'000}, .busy = 2s};
  double cost = 0;
  for (int pass = 0; pass < 1800; ++pass) cost += by_pool(load_of({used}, plan_of({}), {}, 2s)).at(plain).cost;
  EXPECT_NEAR(cost, 5'000, 1e-6);
}

TEST(Load, IsThatOfEveryPoolThatIsConfiguredOrHasMachines) {
  const state::Usage retired{.pool = PoolName{"retired"}, .drain = 15s};
  const auto pools = by_pool(load_of({retired}, plan_of({planned(unused, 0, 0), planned(plain, 1, 0)}), {}, 15s));
  EXPECT_EQ(pools.size(), 4U) << "and of all together";
  EXPECT_EQ(pools.at(unused).observed, 15s);
  EXPECT_EQ(pools.at(retired.pool).drain, 15s);
  EXPECT_EQ(pools.at(retired.pool).cost, 0) << "whose price is not known";
}

TEST(Load, OfAllPoolsTogetherStandsUnderNoName) {
  const state::Usage used{.pool = plain, .price_per_hour = Micros{3'600'000}, .busy = 10s};
  const state::Usage other{.pool = unused, .price_per_hour = Micros{3'600'000}, .busy = 5s, .idle = 5s};
  const auto farm = by_pool(load_of({used, other}, plan_of({planned(plain, 7, 2), planned(unused, 3, 1)}),
                                    {{plain, noon - 100s}, {unused, noon - 200s}}, 10s))
                        .at(PoolName{});
  EXPECT_EQ(farm.observed, 10s);
  EXPECT_EQ(farm.waiting, 100s);
  EXPECT_EQ(farm.running, 30s);
  EXPECT_EQ(farm.most_waiting, 10);
  EXPECT_EQ(farm.longest_wait, 200s);
  EXPECT_EQ(farm.busy, 15s);
  EXPECT_EQ(farm.idle, 5s);
  EXPECT_DOUBLE_EQ(farm.cost, 20'000);
}

TEST(Load, OfTwoPoolsOfOneNameIsTheirSum) {
  const auto pools = by_pool(load_of({}, plan_of({planned(plain, 7, 2), planned(plain, 0, 1)}), {}, 10s));
  EXPECT_EQ(pools.at(plain).running, 30s);
  EXPECT_EQ(pools.at(plain).observed, 10s);
}

TEST(Load, WithoutATrustedStatusKnowsNoStepsButHowLongTheyHaveWaited) {
  Plan blind = plan_of({planned(plain, 0, 0)});
  blind.untrusted = "no answer";
  const auto load = by_pool(load_of({}, blind, {{plain, noon - 100s}}, 15s)).at(plain);
  EXPECT_EQ(load.observed, 15s);
  EXPECT_EQ(load.untrusted, 15s);
  EXPECT_EQ(load.longest_wait, 100s);
}

TEST(Load, NeverWaitsLessThanNothing) {
  EXPECT_EQ(load_of({}, plan_of({planned(plain, 1, 0)}), {{plain, noon + 5s}}, 15s).at(0).longest_wait, 0s);
}

TEST(Load, IsOnlyRecordedForATimeThatPassesSaw) {
  const auto recorded_since = [](Instant last_pass) {
    return pass_record(Look{}, Config{}, plan_of({planned(plain, 1, 0)}), {}, last_pass, noon, noon).load;
  };
  EXPECT_EQ(recorded_since(noon - 3600s).at(0).observed, 3600s);
  EXPECT_THAT(recorded_since(noon - 3601s), IsEmpty()) << "too long a gap";
  EXPECT_THAT(recorded_since(Instant{}), IsEmpty()) << "the first pass";
  EXPECT_THAT(recorded_since(noon + 5s), IsEmpty()) << "a clock that was set back";
}

}  // namespace
}  // namespace hydra_provisioner::pass
