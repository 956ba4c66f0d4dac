// Machines that NixOps makes: EC2 instances, VirtualBox machines or existing hosts, as the expression says. Each is the
// resource `machine` of a deployment of its own. docs/nixops-provider.md describes it for users.
//
// A deployment is ours if its argument `tag` is our tag. Its name is the lowest TAG-N that was free when it was made,
// and its UUID is the instance's id. NixOps does not record whether the latest deploy succeeded, so we do, in the
// machine's spec_hash.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "io/async/clock.hpp"
#include "model/names.hpp"
#include "providers/nixops/deployments/deployment_calls.hpp"
#include "providers/nixops/program/nixops_program.hpp"
#include "providers/provider.hpp"

namespace hydra_provisioner::providers::nixops {

class NixopsProvider final : public Provider, public Upkeep {
 public:
  // `own_modules` is the folder that `<hydra-provisioner/…>` names in deployments. Without it no specification is read.
  NixopsProvider(Tag tag, const std::string& state_dir, Expected<std::string> own_modules, io::Clock& clock);

  // One call of nixops for any number of machines; none while NixOps has recorded nothing new since the last one.
  io::Task<Expected<Inventory>> list(ListRequest request) override;

  // create and set-args where they are still needed, then always deploy --check.
  io::Task<Expected<Instance>> create(MachineRef target, PoolConfig pool) override;
  io::Task<Expected<Instance>> start(MachineRef target, PoolConfig pool) override;
  io::Task<Expected<void>> stop(MachineRef target, PoolConfig pool) override;
  io::Task<Expected<void>> destroy(MachineRef target, PoolConfig pool) override;

  // Whether it was deployed. It is not probed: perhaps only the queue runner's host can reach it.
  io::Task<Expected<void>> ready(Instance instance, PoolConfig pool) override;

  std::vector<std::string> environment_of_jobs() const override { return program_.environment_of_children(); }

  Upkeep* upkeep() override { return this; }
  io::Task<Expected<void>> keep_alive(MachineRef target, PoolConfig pool) override;
  io::Task<Expected<Condition>> check(MachineRef target, PoolConfig pool) override;
  Seconds check_interval() const override;
  io::Task<Expected<std::string>> specification(PoolConfig pool) override;

 private:
  struct Exported {
    std::string state;  // fingerprint_of_state() before
    Instant at;
    std::vector<Deployment> deployments;
  };

  DeploymentCalls calls(const std::string& log_name);
  io::Task<Expected<std::vector<Deployment>>> all_deployments(std::set<InstanceId> known);
  NixopsSpecification specification_for(const PoolConfig& pool) const;
  NixopsSpecification specification_for(const MachineRef& target, const PoolConfig& pool, const Recipe& recipe) const;
  io::Task<Expected<Recipe>> recipe_for(PoolConfig pool);
  io::Task<Expected<std::optional<Deployment>>> find(MachineRef target);
  io::Task<Expected<Deployment>> find_or_create(MachineRef target, NixopsSpecification specification);
  io::Task<Expected<Instance>> deploy(MachineRef target, Deployment deployment, NixopsSpecification specification,
                                      std::string spec_hash, Seconds deadline);
  void note_creators(const std::vector<Instance*>& unknown) const;
  std::vector<std::string> created_by(const MachineId& machine) const;  // the UUIDs in its log
  io::Task<Expected<void>> remove_abandoned(MachineId machine, std::vector<Deployment> deployments);

  Tag tag_;
  std::string logs_dir_;
  std::string memory_dir_;  // what is known of specifications
  Expected<std::string> own_modules_;
  io::Clock& clock_;
  NixopsProgram program_;
  std::optional<Exported> exported_;
};

}  // namespace hydra_provisioner::providers::nixops
