// A provider whose machines are values, and which fails as it is told to.
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

namespace hydra_provisioner {

class FakeProvider final : public Provider {
 public:
  explicit FakeProvider(Chronicle& chronicle) : chronicle_(chronicle) {}

  std::map<MachineId, Instance> machines;  // that exist, for tests to look at and to change
  std::optional<Error> listing_fails;

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

  Task<Expected<std::vector<Instance>>> list() override {
    if (listing_fails) co_return std::unexpected(*listing_fails);
    std::vector<Instance> instances;
    for (const auto& [id, machine] : machines) instances.push_back(machine);
    co_return instances;
  }
  Task<Expected<Instance>> create(MachineId machine, PoolConfig) override {
    co_return with_machine(perform(machine, Operation::create));
  }
  Task<Expected<Instance>> start(MachineId machine, PoolConfig) override {
    co_return with_machine(perform(machine, Operation::start));
  }
  Task<Expected<void>> stop(MachineId machine) override {
    co_return without_machine(perform(machine, Operation::stop));
  }
  Task<Expected<void>> destroy(MachineId machine) override {
    co_return without_machine(perform(machine, Operation::destroy));
  }
  Task<Expected<void>> ready(Instance instance, PoolConfig) override {
    if (boots_[instance.machine]-- > 0) co_return failure("connection refused");
    co_return Expected<void>{};
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

  Chronicle& chronicle_;
  std::map<std::pair<MachineId, Operation>, Error> failures_;
  std::map<MachineId, int> boots_;
};

}  // namespace hydra_provisioner
