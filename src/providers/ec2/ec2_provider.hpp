// Machines of Amazon EC2, made and ended through its own API. docs/ec2-provider.md shows it from the user's side.
#pragma once

#include <optional>
#include <string>

#include "io/clock.hpp"
#include "model/names.hpp"
#include "providers/ec2/answers.hpp"
#include "providers/ec2/api.hpp"
#include "providers/ec2/launch.hpp"
#include "providers/ec2/machine_files.hpp"
#include "providers/ec2/offering_file.hpp"
#include "providers/provider.hpp"

namespace hydra_provisioner {

class Ec2Provider final : public Provider {
 public:
  Ec2Provider(Tag tag, std::string state_dir, Clock& clock);

  Task<Expected<Inventory>> list(ListRequest request) override;
  Task<Expected<std::string>> specification(PoolConfig pool) override;

  // Waits until the instance has an address.
  Task<Expected<Instance>> create(Target target, PoolConfig pool) override;
  Task<Expected<Instance>> start(Target target, PoolConfig pool) override;
  // Waits until it has stopped, or has ended: it holds its place in the account's quota until then.
  Task<Expected<void>> stop(Target target, PoolConfig pool) override;
  Task<Expected<void>> destroy(Target target, PoolConfig pool) override;

  // Its SSH server proves the host key that it was given; with a probeKey, nix-store answers.
  Task<Expected<void>> ready(Instance instance, PoolConfig pool) override;

 private:
  Expected<Ec2Files> files_for(const MachineId& machine) const;
  // Where the machine is, or its request was sent to; else where its pool's machines are. No value: nothing is known.
  Expected<std::optional<Place>> place_of(const Target& target, const Ec2Settings& settings) const;
  Task<Expected<std::optional<Ec2Instance>>> find(Target target, Place place);
  Task<Expected<Ec2Instance>> launch(Ec2Files files, Target target, PoolConfig pool);
  Task<Expected<Instance>> await_boot(Ec2Files files, Target target, PoolConfig pool, Place place, Ec2Instance seen);

  Tag tag_;
  std::string state_dir_;
  Clock& clock_;
  Ec2Api api_;
  OfferingFile offerings_;
  Ec2Launch launch_;
};

}  // namespace hydra_provisioner
