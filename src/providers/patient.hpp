// A provider that nobody waits for: what takes it long is the answer of a later pass, so that one that is slow or hangs
// holds up nothing that has to do with others. Of each question one is asked at a time.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "io/async/clock.hpp"
#include "io/async/pending_call.hpp"
#include "providers/provider.hpp"

namespace hydra_provisioner::providers {

class PatientProvider final : public Provider, private Upkeep {
 public:
  PatientProvider(std::unique_ptr<Provider> provider, io::Clock& clock);

  // An answer that comes when nobody waits any more is too old to be used: it only teaches how long to wait.
  io::Task<Expected<Inventory>> list(ListRequest request) override;

  // An answer that came late is that of the next call. Until it has come: ErrorKind::unanswered.
  io::Task<Expected<void>> ready(Instance instance, PoolConfig pool) override;
  io::Task<Expected<void>> keep_alive(MachineRef target, PoolConfig pool) override;
  io::Task<Expected<Condition>> check(MachineRef target, PoolConfig pool) override;

  io::Task<Expected<Instance>> create(MachineRef target, PoolConfig pool) override;
  io::Task<Expected<Instance>> start(MachineRef target, PoolConfig pool) override;
  io::Task<Expected<void>> stop(MachineRef target, PoolConfig pool) override;
  io::Task<Expected<void>> destroy(MachineRef target, PoolConfig pool) override;
  std::vector<std::string> environment_of_jobs() const override { return provider_->environment_of_jobs(); }
  Upkeep* upkeep() override { return provider_->upkeep() == nullptr ? nullptr : this; }
  Seconds check_interval() const override { return provider_->upkeep()->check_interval(); }
  io::Task<Expected<std::string>> specification(PoolConfig pool) override;

 private:
  template <class T>
  using Questions = std::map<MachineId, io::PendingCall<T>>;

  std::shared_ptr<Provider> provider_;  // with open questions, which may outlive us
  io::Clock& clock_;
  io::PendingCall<Inventory> listing_;
  Questions<void> readiness_;
  Questions<void> touches_;
  Questions<Condition> checks_;
};

}  // namespace hydra_provisioner::providers
