// A provider that nobody waits for: what takes it long is the answer of a later pass, so that one that is slow or hangs
// holds up nothing that has to do with others. Of each question one is asked at a time.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "io/clock.hpp"
#include "io/question.hpp"
#include "providers/provider.hpp"

namespace hydra_provisioner {

class PatientProvider final : public Provider, private Upkeep {
 public:
  PatientProvider(std::unique_ptr<Provider> provider, Clock& clock);

  // An answer that comes when nobody waits any more is too old to be used: it only teaches how long to wait.
  Task<Expected<Inventory>> list(ListRequest request) override;

  // An answer that came late is that of the next call. Until it has come: ErrorKind::unanswered.
  Task<Expected<void>> ready(Instance instance, PoolConfig pool) override;
  Task<Expected<void>> keep_alive(Target target, PoolConfig pool) override;
  Task<Expected<Condition>> check(Target target, PoolConfig pool) override;

  Task<Expected<Instance>> create(Target target, PoolConfig pool) override;
  Task<Expected<Instance>> start(Target target, PoolConfig pool) override;
  Task<Expected<void>> stop(Target target, PoolConfig pool) override;
  Task<Expected<void>> destroy(Target target, PoolConfig pool) override;
  std::vector<std::string> environment_of_jobs() const override { return provider_->environment_of_jobs(); }
  Upkeep* upkeep() override { return provider_->upkeep() == nullptr ? nullptr : this; }
  Seconds check_interval() const override { return provider_->upkeep()->check_interval(); }
  Task<Expected<std::string>> specification(PoolConfig pool) override;

 private:
  template <class T>
  using Questions = std::map<MachineId, Question<T>>;

  std::shared_ptr<Provider> provider_;  // with open questions, which may outlive us
  Clock& clock_;
  Question<Inventory> listing_;
  Questions<void> readiness_;
  Questions<void> touches_;
  Questions<Condition> checks_;
};

}  // namespace hydra_provisioner
