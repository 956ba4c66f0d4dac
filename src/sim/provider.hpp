// The program's view of a cloud. What makes and ends machines is done by jobs (sim/jobs.hpp); these only look.
#pragma once

#include "providers/provider.hpp"
#include "sim/cloud.hpp"
#include "sim/trouble.hpp"
#include "sim/virtual_clock.hpp"

namespace hydra_provisioner::sim {

class SimProvider final : public Provider, private Upkeep {
 public:
  SimProvider(ProviderKind kind, Cloud& cloud, Life& life, Timeline& timeline, const Trouble& trouble)
      : kind_(kind), cloud_(cloud), life_(life), timeline_(timeline), clock_(timeline, life), trouble_(trouble) {}

  Task<Expected<Inventory>> list(ListRequest request) override;
  Task<Expected<void>> ready(Instance instance, PoolConfig pool) override;
  Upkeep* upkeep() override { return needs_upkeep(kind_) ? this : nullptr; }

  Task<Expected<Instance>> create(Target target, PoolConfig pool) override;
  Task<Expected<Instance>> start(Target target, PoolConfig pool) override;
  Task<Expected<void>> stop(Target target, PoolConfig pool) override;
  Task<Expected<void>> destroy(Target target, PoolConfig pool) override;

  Task<Expected<void>> keep_alive(Target target, PoolConfig pool) override;
  Task<Expected<Condition>> check(Target target, PoolConfig pool) override;
  Seconds check_interval() const override { return Seconds{100}; }
  Task<Expected<std::string>> specification(PoolConfig pool) override;

 private:
  Task<void> take(Millis duration);
  bool is_deaf() const { return timeline_.now() < trouble_.machines_are_deaf; }

  ProviderKind kind_;
  Cloud& cloud_;
  Life& life_;
  Timeline& timeline_;
  VirtualClock clock_;
  const Trouble& trouble_;
};

}  // namespace hydra_provisioner::sim
