// A pass's inputs, kept and read again, decide the same.
#include "state/inputs.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "io/text/json.hpp"
#include "tests/support/usual.hpp"

namespace hydra_provisioner::state {
namespace {

using support::noon;

PoolConfig any_pool() {
  PoolConfig pool;
  pool.name = PoolName{"x86_64-linux:kvm"};
  pool.type = parse_system_type(pool.name.text).value();
  pool.type.supported_features.insert("benchmark");
  pool.spill = true;
  pool.min_machines = 1;
  pool.max_machines = 7;
  pool.spare_machines = 2;
  pool.standby_machines = 3;
  pool.ignored_runnables = 2;
  pool.runnables_per_machine = 3;
  pool.max_jobs = 4;
  pool.speed_factor = 5;
  pool.ssh_key = "/key";
  pool.stop_on_idle = true;
  pool.grace_period = Seconds{6};
  pool.spares_by_arrivals = true;
  pool.scaling = Scaling::work;
  pool.target_wait = Seconds{77};
  pool.billing_period = Seconds{0};  // not the same as none
  pool.boot_timeout = Seconds{8};
  pool.max_age = Seconds{9};
  pool.max_unavailable = 10;
  pool.replace_on_change = false;  // not the same as none
  pool.consecutive_failures = 0;
  pool.max_unhealthy = 0;
  pool.price_per_hour = Micros{170'000};
  pool.stopped_price_per_hour = Micros{10'000};
  pool.provider = NixopsSettings{.expression = "/n.nix", .nix_path = {"a=b"}, .keep_alive_interval = Seconds{77}};
  pool.settings_json = "{}";
  return pool;
}

Machine machine_with_everything() {
  Machine machine;
  machine.id = MachineId{"a-12"};
  machine.pool = any_pool().name;
  machine.provider = ProviderKind::nixops;
  machine.instance = InstanceId{"i"};
  machine.state = MachineState::draining;
  machine.since = noon - Seconds{1};
  machine.requested_at = noon - Seconds{2};
  machine.address = "10.0.0.1";
  machine.host_key = "ssh-ed25519 A";
  machine.spec_hash = "s";
  machine.launched_at = noon - Seconds{3};
  machine.billing_period = Seconds{60};
  machine.max_jobs = 16;
  machine.checked_at = noon - Seconds{4};
  machine.kept_alive_at = noon - Seconds{5};
  machine.noted_as = MachineId{"a-0"};
  machine.slot = 3;
  machine.ready_at = noon - Seconds{5};
  machine.listing.began_at = Instant{};  // not the same as never
  machine.listing.is_listed = true;
  machine.listing.first_began_at = noon - Seconds{6};
  machine.listing.ended_at = noon - Seconds{7};
  machine.listing.lasted = Seconds{0};  // not the same as none
  machine.cannot_stop = machine.found.vanished = machine.found.interrupted = machine.found.needs_redeploy = true;
  machine.found.under_way = Operation::redeploy;
  machine.last_error = "\"quoted\"\n";
  return machine;
}

Inputs everything() {
  Inputs inputs;
  Machine other;
  other.id = MachineId{"a-9"};
  inputs.seen.now = noon;
  inputs.seen.next_number = 13;
  inputs.seen.machines = {other, machine_with_everything()};
  QueueStatus status{
      .time = noon + Seconds{1}, .arrived = noon, .started = noon - Seconds{9}, .step_types = {}, .machines = {}};
  status.step_types = {{.key = "x:b,local", .type = parse_step_type("x:b,local"), .runnable = 1, .running = 2}};
  status.machines = {
      {"root@10.0.0.1",
       {.enabled = false, .current_jobs = 0, .idle_since = Instant{}, .last_failure = noon, .consecutive_failures = 3}},
      {"a/b", {}}};
  status.machines->at("a/b").steps_under_way = 0;
  status.expected_times = {{"x", Millis{1500}}, {"y", Millis{0}}};
  status.unasked = {"no rights"};
  status.history = {
      {.systems = {"x", "y"}, .mandatory_features = {"b"}, .steps = 3, .time = Seconds{40}},
      {.systems = {"x"}, .mandatory_features = {}, .steps = 3, .time = Seconds{40}, .supported_features = {{"c"}}}};
  inputs.seen.queue = status;
  inputs.seen.elsewhere = {{.systems = {"x"}, .supported_features = {"b", "c"}, .mandatory_features = {"b"}},
                           {.systems = {"z"}, .supported_features = {}, .mandatory_features = {}}};
  inputs.seen.retired = {any_pool()};
  inputs.seen.creations[PoolName{"p"}] = {.failed_passes = 2, .last_failed_pass = noon, .failures = {noon, noon}};
  inputs.seen.unseen = {{{PoolName{"p"}, ProviderKind::ec2}, "why"}};
  inputs.seen.specifications = {{PoolName{"p"}, "hash"}, {PoolName{"q"}, std::nullopt}};
  inputs.seen.check_intervals = {{ProviderKind::nixops, Seconds{300}}};
  inputs.seen.budgets = {{.pool = PoolName{"p"},
                          .period = BudgetPeriod::month,
                          .limit = Micros{1},
                          .percent = 81,
                          .until = noon,
                          .spares_min_machines = false},
                         {.limit = Micros{0}, .until = noon}};
  inputs.seen.max_jobs = {{PoolName{"p"}, 16}};
  inputs.seen.recent_steps = {{PoolName{"p"},
                               {.waiting_since = noon,
                                .ended = 3,
                                .fewer_ended_at = noon + Seconds{1},
                                .arrived = 4,
                                .fewer_arrived_at = noon + Seconds{2},
                                .arrived_at = noon - Seconds{3}}},
                              {PoolName{"q"}, {}}};
  inputs.seen.scheduled = {{PoolName{"p"}, {.period = "mon", .min_machines = 0, .max_machines = {}, .until = noon}}};
  inputs.seen.orders = {{{OrderKind::pause, ""}, {.value = 0, .since = noon, .until = {}}},
                        {{OrderKind::max_machines, "x/y"}, {.value = 7, .since = Instant{}, .until = noon}}};
  inputs.config.tag = Tag{"a"};
  inputs.config.settle = Seconds{1};
  inputs.config.quiet = Seconds{2};
  inputs.config.pools.emplace(any_pool().name, any_pool());
  return inputs;
}

Inputs again(const Inputs& inputs) {
  auto read = inputs_of(facts_of(inputs.seen, inputs.config), clocks_of(inputs.seen));
  EXPECT_TRUE(read) << read.error().message;
  return read.value_or(Inputs{});
}

TEST(Inputs, AreReadAgainAsTheyWere) {
  const Inputs before = everything();
  const Inputs after = again(before);
  EXPECT_EQ(after.seen.machines, before.seen.machines);
  EXPECT_EQ(after.seen.now, noon);
  EXPECT_EQ(after.seen.next_number, 13);
  EXPECT_EQ(after.seen.unseen, before.seen.unseen);
  EXPECT_EQ(after.seen.elsewhere, before.seen.elsewhere);
  EXPECT_EQ(after.seen.specifications, before.seen.specifications);
  EXPECT_EQ(after.seen.check_intervals, before.seen.check_intervals);
  EXPECT_EQ(after.seen.recent_steps, before.seen.recent_steps);
  EXPECT_EQ(after.seen.max_jobs, before.seen.max_jobs);
  EXPECT_EQ(after.seen.scheduled, before.seen.scheduled);
  EXPECT_EQ(after.seen.budgets, before.seen.budgets);
  EXPECT_EQ(after.seen.orders, before.seen.orders);
  EXPECT_EQ(after.seen.queue->time, before.seen.queue->time);
  EXPECT_EQ(after.seen.queue->arrived, before.seen.queue->arrived);
  EXPECT_EQ(after.seen.queue->started, before.seen.queue->started);
  EXPECT_EQ(after.config.tag, before.config.tag);
  EXPECT_FALSE(after.seen.queue->from_program);
  EXPECT_EQ(after.seen.queue->history, before.seen.queue->history);
  EXPECT_EQ(after.seen.queue->expected_times, before.seen.queue->expected_times);
  EXPECT_EQ(after.seen.queue->unasked, before.seen.queue->unasked);
  EXPECT_EQ(after.seen.queue->machines->at("a/b").steps_under_way, 0);
  EXPECT_EQ(after.seen.queue->machines->at("root@10.0.0.1").steps_under_way, std::nullopt);
  EXPECT_EQ(after.config.pools.at(any_pool().name).scaling, Scaling::work);
  EXPECT_EQ(after.config.pools.at(any_pool().name).target_wait, Seconds{77});
  EXPECT_TRUE(after.config.pools.at(any_pool().name).spares_by_arrivals);
  const auto& entry = after.seen.queue->machines->at("root@10.0.0.1");
  EXPECT_EQ(entry.enabled, false);
  EXPECT_EQ(entry.current_jobs, 0);
  EXPECT_EQ(entry.idle_since, Instant{});
  EXPECT_EQ(entry.last_failure, noon);
  EXPECT_EQ(entry.consecutive_failures, 3);
  EXPECT_EQ(after.config.settle, Seconds{1});
  EXPECT_EQ(after.config.quiet, Seconds{2});
}

TEST(Inputs, SayThatAProgramDescribesTheQueue) {
  Inputs inputs = everything();
  inputs.seen.queue->from_program = true;
  EXPECT_TRUE(again(inputs).seen.queue->from_program);
}

TEST(Inputs, AreKeptTheSameAgain) {
  const Inputs before = everything();
  const Inputs after = again(before);
  EXPECT_EQ(facts_of(after.seen, after.config), facts_of(before.seen, before.config));
  EXPECT_EQ(after.config.pools.begin()->second.billing_period, Seconds{0});
  EXPECT_EQ(after.config.pools.begin()->second.type, any_pool().type);
  EXPECT_TRUE(after.config.pools.begin()->second.spill);
  EXPECT_EQ(std::get<NixopsSettings>(after.seen.retired.at(0).provider).expression, "/n.nix");
  EXPECT_EQ(std::get<NixopsSettings>(after.seen.retired.at(0).provider).keep_alive_interval, Seconds{77});
}

TEST(Inputs, OfAVersionWithoutSupportedFeaturesHaveThoseOfTheName) {
  const Inputs before = everything();
  Facts facts = facts_of(before.seen, before.config);
  io::Json pool = io::Json::parse(facts.at("pool/x86_64-linux:kvm"));
  EXPECT_EQ(pool.erase("supported") + pool.erase("spill"), 2U);
  facts["pool/x86_64-linux:kvm"] = pool.dump();
  const auto after = inputs_of(facts, clocks_of(before.seen));
  ASSERT_TRUE(after);
  EXPECT_EQ(after->config.pools.begin()->second.type, parse_system_type("x86_64-linux:kvm").value());
  EXPECT_FALSE(after->config.pools.begin()->second.spill);
}

TEST(Inputs, OfATypeAsItIsNamedAreKeptAsByEarlierVersions) {
  Inputs inputs = everything();
  PoolConfig& pool = inputs.config.pools.begin()->second;
  pool.type = parse_system_type("x86_64-linux:kvm").value();
  pool.spill = false;
  const io::Json kept = io::Json::parse(facts_of(inputs.seen, inputs.config).at("pool/x86_64-linux:kvm"));
  EXPECT_FALSE(kept.contains("supported") || kept.contains("spill"));
  EXPECT_EQ(kept.at("features"), io::Json::array({"kvm"}));
}

TEST(Inputs, KnowWhatIsNotTrustedAndWhatIsNotThere) {
  Inputs inputs = everything();
  inputs.seen.queue->machines.reset();
  EXPECT_FALSE(again(inputs).seen.queue->machines);
  inputs.seen.queue = std::unexpected(Untrusted{"it is down"});
  ASSERT_FALSE(again(inputs).seen.queue);
  EXPECT_EQ(again(inputs).seen.queue.error().why, "it is down");
}

TEST(Inputs, StayTheSameFactsWhileOnlyTimePasses) {
  Inputs inputs = everything();
  const Facts before = facts_of(inputs.seen, inputs.config);
  inputs.seen.now += Seconds{15};
  inputs.seen.queue->time += Seconds{15};
  inputs.seen.queue->arrived += Seconds{15};
  EXPECT_EQ(facts_of(inputs.seen, inputs.config), before);
}

TEST(Inputs, StayTheSameFactsWhateverRunsOnAMachine) {
  Inputs inputs = everything();
  const Facts before = facts_of(inputs.seen, inputs.config);
  inputs.seen.machines.front().jobs = 3;
  inputs.seen.machines.front().busy_since = noon;
  EXPECT_EQ(facts_of(inputs.seen, inputs.config), before);
}

TEST(Inputs, HaveNoNumberThatIsNotWhole) {
  const Inputs inputs = everything();
  const std::string clocks = clocks_of(inputs.seen);
  // Every number of every fact, one after the other.
  for (const auto& [key, value] : facts_of(inputs.seen, inputs.config)) {
    const auto flat = io::parse_json(value)->flatten();
    for (const auto& [place, part] : flat.items()) {
      if (!part.is_number()) continue;
      Facts changed = facts_of(inputs.seen, inputs.config);
      io::Json wrong = io::parse_json(value).value();
      wrong[io::Json::json_pointer(place)] = 1e300;
      changed[key] = io::compact(wrong);
      const auto read = inputs_of(changed, clocks);
      ASSERT_FALSE(read) << key << " " << place;
      EXPECT_THAT(read.error().message, testing::HasSubstr("1e+300 is not a whole number"));
    }
  }
  for (const char* name : {"now", "nextNumber", "statusTime", "arrived", "started"}) {
    io::Json wrong = io::parse_json(clocks).value();
    wrong[name] = 1e300;
    EXPECT_FALSE(inputs_of({}, io::compact(wrong))) << name;
  }
}

TEST(Inputs, ThatMakeNoSenseAreAnError) {
  EXPECT_FALSE(inputs_of({}, ""));
  EXPECT_FALSE(inputs_of({{"machine/a-1", "{}"}}, R"({"now":1,"nextNumber":1})"));
  EXPECT_FALSE(inputs_of({{"entry/a", "{}"}, {"queue", R"({"untrusted":"x"})"}}, R"({"now":1,"nextNumber":1})"));
}

}  // namespace
}  // namespace hydra_provisioner::state
