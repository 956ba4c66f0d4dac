// Machines of Amazon EC2, made and ended through its own API. docs/ec2-provider.md shows it from the user's side.
#pragma once

#include <optional>
#include <string>

#include "io/async/clock.hpp"
#include "model/names.hpp"
#include "providers/ec2/answers.hpp"
#include "providers/ec2/api.hpp"
#include "providers/ec2/launch.hpp"
#include "providers/ec2/machine_files.hpp"
#include "providers/ec2/offering_file.hpp"
#include "providers/provider.hpp"

namespace hydra_provisioner::providers::ec2 {

class Ec2Provider final : public Provider {
 public:
  Ec2Provider(Tag tag, std::string state_dir, io::Clock& clock);

  io::Task<Expected<Inventory>> list(ListRequest request) override;
  io::Task<Expected<std::string>> specification(PoolConfig pool) override;

  // Waits until the instance has an address.
  io::Task<Expected<Instance>> create(MachineRef target, PoolConfig pool) override;
  io::Task<Expected<Instance>> start(MachineRef target, PoolConfig pool) override;
  // Waits until it has stopped, or has ended: it holds its place in the account's quota until then.
  io::Task<Expected<void>> stop(MachineRef target, PoolConfig pool) override;
  io::Task<Expected<void>> destroy(MachineRef target, PoolConfig pool) override;

  // Its SSH server proves the host key that it was given; with a probeKey, nix-store answers.
  io::Task<Expected<void>> ready(Instance instance, PoolConfig pool) override;

 private:
  Expected<Ec2Files> files_for(const MachineId& machine) const;
  // Where the machine is, or its request was sent to; else where its pool's machines are. No value: nothing is known.
  Expected<std::optional<Place>> place_of(const MachineRef& target, const Ec2Settings& settings) const;
  io::Task<Expected<std::optional<Ec2Instance>>> find(MachineRef target, Place place);
  io::Task<Expected<Ec2Instance>> launch(Ec2Files files, MachineRef target, PoolConfig pool);
  io::Task<Expected<Instance>> await_boot(Ec2Files files, MachineRef target, PoolConfig pool, Place place,
                                          Ec2Instance seen);

  Tag tag_;
  std::string state_dir_;
  io::Clock& clock_;
  Ec2Api api_;
  OfferingFile offerings_;
  Ec2Launch launch_;
};

}  // namespace hydra_provisioner::providers::ec2
