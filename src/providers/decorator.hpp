// A provider that hands everything on to another one. What wraps a provider overrides what it changes.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

#include "providers/provider.hpp"

namespace hydra_provisioner::providers {

class ProviderDecorator : public Provider {
 public:
  io::Task<Expected<Inventory>> list(ListRequest request) override { return provider_->list(std::move(request)); }
  io::Task<Expected<std::string>> specification(PoolConfig pool) override {
    return provider_->specification(std::move(pool));
  }
  io::Task<Expected<Instance>> create(MachineRef target, PoolConfig pool) override {
    return provider_->create(std::move(target), std::move(pool));
  }
  io::Task<Expected<Instance>> start(MachineRef target, PoolConfig pool) override {
    return provider_->start(std::move(target), std::move(pool));
  }
  io::Task<Expected<void>> stop(MachineRef target, PoolConfig pool) override {
    return provider_->stop(std::move(target), std::move(pool));
  }
  io::Task<Expected<void>> destroy(MachineRef target, PoolConfig pool) override {
    return provider_->destroy(std::move(target), std::move(pool));
  }
  io::Task<Expected<void>> ready(Instance instance, PoolConfig pool) override {
    return provider_->ready(std::move(instance), std::move(pool));
  }
  io::Task<Expected<void>> tell_builder(Instance instance, PoolConfig pool, BuilderOrder order) override {
    return provider_->tell_builder(std::move(instance), std::move(pool), order);
  }
  bool can_probe() const override { return provider_->can_probe(); }
  std::vector<std::string> environment_of_jobs() const override { return provider_->environment_of_jobs(); }
  std::set<pid_t> processes() const override { return provider_->processes(); }
  Upkeep* upkeep() override { return provider_->upkeep(); }

 protected:
  explicit ProviderDecorator(std::shared_ptr<Provider> provider) : provider_(std::move(provider)) {}

  std::shared_ptr<Provider> provider_;  // shared with calls that may live longer than this
};

}  // namespace hydra_provisioner::providers
