// A provider whose machines are values. Tests choose what fails.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "model/job.hpp"
#include "model/machine.hpp"
#include "providers/provider.hpp"
#include "tests/fakes/chronicle.hpp"
#include "tests/fakes/fake_clock.hpp"

namespace hydra_provisioner::fakes {

class FakeProvider final : public providers::Provider, public providers::Upkeep {
 public:
  FakeProvider(FakeClock& clock, Chronicle& chronicle) : clock_(clock), chronicle_(chronicle) {}

  std::map<MachineId, Instance> machines;  // that exist, for tests to look at and to change
  std::optional<Error> listing_fails;
  Seconds keep_alive_takes{0};
  Seconds builder_takes{0};                                        // to do what it is told
  Seconds listing_takes{0};                                        // it shows what there was when it was asked for
  std::map<PoolName, std::string> unseen;                          // pools that cannot be listed, and why
  std::map<MachineId, Expected<providers::Condition>> conditions;  // what checks find; fine, where nothing is said
  std::map<MachineId, Error> unresponsive;                         // machines whose keep-alive fails

  static Instance instance(const MachineId& machine, InstanceState state = InstanceState::running) {
    const auto number = number_of(machine);
    return {.id = InstanceId{fmt::format("i-{}", number)},
            .machine = machine,
            .pool = PoolName{"x86_64-linux"},
            .state = state,
            .address = fmt::format("10.0.0.{}", number),
            .host_key = "ssh-ed25519 AAAA",
            .launched_at = {}};
  }
  void has(const MachineId& machine, InstanceState state = InstanceState::running) {
    machines[machine] = instance(machine, state);
  }
  void fails(const MachineId& machine, Operation operation, Error error) {
    failures_[{machine, operation}] = std::move(error);
  }
  void recovers() { failures_.clear(); }
  // It is not ready when asked for the first `calls` times.
  void boots_after(const MachineId& machine, int calls) { boots_[machine] = calls; }

  // What a job does.
  JobResult perform(const MachineId& machine, Operation operation) {
    chronicle_.add(fmt::format("{} {}", to_string(operation), machine));
    const auto failure = failures_.find({machine, operation});
    if (failure != failures_.end()) return std::unexpected(failure->second);
    switch (operation) {
      case Operation::create:
      case Operation::start:
      case Operation::redeploy:
        has(machine);
        return machines[machine];
      case Operation::stop:
        machines[machine].state = InstanceState::stopped;
        return std::nullopt;
      case Operation::destroy:
        machines.erase(machine);
        return std::nullopt;
    }
    return std::nullopt;
  }

  io::Task<Expected<Inventory>> list(providers::ListRequest) override {
    co_await clock_.sleep_a_moment();
    if (listing_fails) co_return std::unexpected(*listing_fails);
    Inventory inventory{.instances = {}, .unseen = unseen};
    for (const auto& [id, machine] : machines) inventory.instances.push_back(machine);
    if (listing_takes > Seconds{0}) co_await clock_.sleep_for(listing_takes);
    co_return inventory;
  }
  io::Task<Expected<Instance>> create(providers::MachineRef target, PoolConfig) override {
    co_return with_machine(perform(target.machine, Operation::create));
  }
  io::Task<Expected<Instance>> start(providers::MachineRef target, PoolConfig) override {
    co_return with_machine(perform(target.machine, Operation::start));
  }
  io::Task<Expected<void>> stop(providers::MachineRef target, PoolConfig) override {
    co_return without_machine(perform(target.machine, Operation::stop));
  }
  io::Task<Expected<void>> destroy(providers::MachineRef target, PoolConfig) override {
    co_return without_machine(perform(target.machine, Operation::destroy));
  }
  io::Task<Expected<void>> ready(Instance instance, PoolConfig) override {
    co_await clock_.sleep_a_moment();
    if (boots_[instance.machine]-- > 0) co_return failure("connection refused");
    co_return Expected<void>{};
  }

  std::map<MachineId, Error> deaf;  // machines whose builder cannot be told anything
  io::Task<Expected<void>> tell_builder(Instance instance, PoolConfig, providers::BuilderOrder order) override {
    co_await clock_.sleep_a_moment();
    chronicle_.add(fmt::format("{} {}", to_string(order), instance.machine));
    if (builder_takes > Seconds{0}) co_await clock_.sleep_for(builder_takes);
    const auto error = deaf.find(instance.machine);
    if (error != deaf.end()) co_return std::unexpected(error->second);
    co_return Expected<void>{};
  }

  providers::Upkeep* upkeep() override { return this; }
  io::Task<Expected<void>> keep_alive(providers::MachineRef target, PoolConfig) override {
    co_await clock_.sleep_a_moment();
    chronicle_.add(fmt::format("keep alive {}", target.machine));
    if (keep_alive_takes > Seconds{0}) co_await clock_.sleep_for(keep_alive_takes);
    const auto error = unresponsive.find(target.machine);
    if (error != unresponsive.end()) co_return std::unexpected(error->second);
    co_return Expected<void>{};
  }
  io::Task<Expected<providers::Condition>> check(providers::MachineRef target, PoolConfig) override {
    co_await clock_.sleep_a_moment();
    chronicle_.add(fmt::format("check {}", target.machine));
    const auto found = conditions.find(target.machine);
    co_return found == conditions.end() ? providers::Condition::fine : found->second;
  }
  Seconds check_interval() const override { return Seconds{100}; }
  io::Task<Expected<std::string>> specification(PoolConfig) override {
    co_await clock_.sleep_a_moment();
    co_return "spec";
  }

 private:
  static Expected<Instance> with_machine(const JobResult& result) {
    if (!result) return std::unexpected(result.error());
    return **result;
  }
  static Expected<void> without_machine(const JobResult& result) {
    if (!result) return std::unexpected(result.error());
    return {};
  }

  FakeClock& clock_;
  Chronicle& chronicle_;
  std::map<std::pair<MachineId, Operation>, Error> failures_;
  std::map<MachineId, int> boots_;
};

}  // namespace hydra_provisioner::fakes
