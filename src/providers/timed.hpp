// Wraps a provider, and counts how often it is asked, how long it takes to answer, and how often it cannot.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "io/async/clock.hpp"
#include "model/config.hpp"
#include "model/totals.hpp"
#include "providers/decorator.hpp"

namespace hydra_provisioner::providers {

// Only of what passes ask: the operations of jobs run in other processes, and act::ProcessJobs counts them.
class TimedProvider final : public ProviderDecorator, private Upkeep {
 public:
  TimedProvider(std::unique_ptr<Provider> provider, ProviderKind kind, io::Clock& clock,
                std::shared_ptr<Totals> totals);

  io::Task<Expected<Inventory>> list(ListRequest request) override;
  io::Task<Expected<std::string>> specification(PoolConfig pool) override;
  io::Task<Expected<void>> ready(Instance instance, PoolConfig pool) override;
  io::Task<Expected<void>> tell_builder(Instance instance, PoolConfig pool, BuilderOrder order) override;
  io::Task<Expected<void>> keep_alive(MachineRef target, PoolConfig pool) override;
  io::Task<Expected<Condition>> check(MachineRef target, PoolConfig pool) override;
  Seconds check_interval() const override { return provider_->upkeep()->check_interval(); }
  Upkeep* upkeep() override { return provider_->upkeep() == nullptr ? nullptr : this; }

 private:
  template <class Answer>
  io::Task<Expected<Answer>> timed(std::string_view call, io::Task<Expected<Answer>> answer);

  std::string kind_;
  io::Clock& clock_;
  std::shared_ptr<Totals> totals_;
};

}  // namespace hydra_provisioner::providers
