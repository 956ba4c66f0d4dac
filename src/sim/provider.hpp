// The program's view of a cloud. What makes and ends machines is done by jobs (sim/jobs.hpp); these only look.
#pragma once

#include "providers/provider.hpp"
#include "sim/cloud.hpp"
#include "sim/trouble.hpp"
#include "sim/virtual_clock.hpp"

namespace hydra_provisioner::sim {

class SimProvider final : public providers::Provider, private providers::Upkeep {
 public:
  SimProvider(ProviderKind kind, Cloud& cloud, Life& life, Timeline& timeline, const Trouble& trouble)
      : kind_(kind), cloud_(cloud), life_(life), timeline_(timeline), clock_(timeline, life), trouble_(trouble) {}

  io::Task<Expected<Inventory>> list(providers::ListRequest request) override;
  io::Task<Expected<void>> ready(Instance instance, PoolConfig pool) override;
  providers::Upkeep* upkeep() override { return needs_upkeep(kind_) ? this : nullptr; }

  io::Task<Expected<Instance>> create(providers::MachineRef target, PoolConfig pool) override;
  io::Task<Expected<Instance>> start(providers::MachineRef target, PoolConfig pool) override;
  io::Task<Expected<void>> stop(providers::MachineRef target, PoolConfig pool) override;
  io::Task<Expected<void>> destroy(providers::MachineRef target, PoolConfig pool) override;

  io::Task<Expected<void>> keep_alive(providers::MachineRef target, PoolConfig pool) override;
  io::Task<Expected<providers::Condition>> check(providers::MachineRef target, PoolConfig pool) override;
  Seconds check_interval() const override { return Seconds{100}; }
  io::Task<Expected<std::string>> specification(PoolConfig pool) override;

 private:
  io::Task<void> take(Millis duration);
  bool is_deaf() const { return timeline_.now() < trouble_.machines_are_deaf; }

  ProviderKind kind_;
  Cloud& cloud_;
  Life& life_;
  Timeline& timeline_;
  VirtualClock clock_;
  const Trouble& trouble_;
};

}  // namespace hydra_provisioner::sim
