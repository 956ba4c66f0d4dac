#include "review/replay.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include "tests/support/usual.hpp"

namespace hydra_provisioner::review {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

using support::noon;
using support::plain;

PoolConfig pool_with(std::int64_t max_machines) {
  PoolConfig pool;
  pool.name = plain;
  pool.type = parse_system_type(plain.text).value();
  pool.min_machines = max_machines;
  pool.max_machines = max_machines;
  return pool;
}

Config config_with(std::int64_t max_machines) {
  Config config;
  config.tag = Tag{"t"};
  config.pools.emplace(plain, pool_with(max_machines));
  return config;
}

state::Inputs inputs_of(const Config& config) {
  state::Inputs inputs;
  inputs.config = config;
  inputs.seen.now = noon;
  inputs.seen.queue = QueueStatus{.time = noon, .arrived = noon, .started = {}, .step_types = {}, .machines = {}};
  inputs.seen.queue->machines.emplace();
  return inputs;
}

TEST(PlanWith, DiffersByTheMachinesThatTheOtherConfigurationAllows) {
  const state::Inputs inputs = inputs_of(config_with(1));
  const Plan was = plan_with(config_with(1), inputs);
  const Plan would_be = plan_with(config_with(2), inputs);
  EXPECT_THAT(differences_between(was, was), IsEmpty());
  const auto differences = differences_between(was, would_be);
  ASSERT_THAT(differences, SizeIs(1));
  EXPECT_EQ(differences[0].was, nullptr);
  ASSERT_NE(differences[0].would_be, nullptr);
  EXPECT_EQ(differences[0].would_be->kind, ActionKind::create);
  const nlohmann::json document = differences_document(differences);
  EXPECT_TRUE(document[0]["was"].is_null());
  EXPECT_EQ(document[0]["wouldBe"]["action"], "create");
}

TEST(PlanWith, DrainsTheMachinesOfAPoolThatTheOtherConfigurationDoesNotHave) {
  state::Inputs inputs = inputs_of(config_with(1));
  Machine machine;
  machine.id = MachineId{"t-0"};
  machine.pool = plain;
  machine.provider = inputs.config.pools.at(plain).kind();
  machine.state = MachineState::ready;
  machine.since = noon - Seconds{600};
  machine.address = "m0.example";
  inputs.seen.machines.push_back(machine);
  Config empty;
  empty.tag = Tag{"another"};
  const Plan would_be = plan_with(empty, inputs);
  const auto differences = differences_between(plan_with(inputs.config, inputs), would_be);
  ASSERT_THAT(differences, SizeIs(1));
  EXPECT_EQ(differences[0].machine, machine.id);
  ASSERT_NE(differences[0].would_be, nullptr);
  EXPECT_EQ(differences[0].would_be->kind, ActionKind::drain);
}

}  // namespace
}  // namespace hydra_provisioner::review
