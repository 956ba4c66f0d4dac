// Wraps a provider so that a pass does not wait for slow answers: a later pass gets them. So a provider that is slow or
// hangs delays only its own machines. Each question is asked once at a time.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "io/async/clock.hpp"
#include "io/async/pending_call.hpp"
#include "io/async/questions.hpp"
#include "providers/decorator.hpp"

namespace hydra_provisioner::providers {

class PatientProvider final : public ProviderDecorator, private Upkeep {
 public:
  PatientProvider(std::unique_ptr<Provider> provider, io::Clock& clock);

  // An answer that comes too late is too old to be used. It only shows how long to wait next time.
  io::Task<Expected<Inventory>> list(ListRequest request) override;

  // The next call returns an answer that came late. Before that: ErrorKind::unanswered.
  io::Task<Expected<void>> ready(Instance instance, PoolConfig pool) override;
  io::Task<Expected<void>> keep_alive(MachineRef target, PoolConfig pool) override;
  io::Task<Expected<Condition>> check(MachineRef target, PoolConfig pool) override;
  io::Task<Expected<std::string>> specification(PoolConfig pool) override;

  // One order at a time, so that they take effect in their order: ErrorKind::unanswered while one is under way. If it
  // has failed by the next call with the same order, that call returns its error. Otherwise the order is given again:
  // whether an earlier one had an effect, the queue runner's status shows.
  io::Task<Expected<void>> tell_builder(Instance instance, PoolConfig pool, BuilderOrder order) override;
  Upkeep* upkeep() override { return provider_->upkeep() == nullptr ? nullptr : this; }
  Seconds check_interval() const override { return provider_->upkeep()->check_interval(); }

 private:
  struct AskedSpecification {
    std::string settings_json;  // of the pool when it was asked: the answer is about these
    std::shared_ptr<io::PendingCall<std::string>> question;
  };
  struct GivenOrder {
    BuilderOrder order = BuilderOrder::close;
    std::shared_ptr<io::PendingCall<void>> call;
  };

  io::Clock& clock_;
  io::PendingCall<Inventory> inventory_;
  io::Questions<void> readiness_;
  io::Questions<void> keep_alives_;
  io::Questions<Condition> checks_;
  std::map<PoolName, AskedSpecification> specifications_;
  std::map<MachineId, GivenOrder> orders_;
};

}  // namespace hydra_provisioner::providers
