// Machines of Amazon EC2, created and terminated through EC2's own API. docs/ec2-provider.md describes it for users.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "io/async/clock.hpp"
#include "model/names.hpp"
#include "providers/ec2/announcements.hpp"
#include "providers/ec2/api/answers.hpp"
#include "providers/ec2/api/client.hpp"
#include "providers/ec2/api/place.hpp"
#include "providers/ec2/machines/launch.hpp"
#include "providers/ec2/machines/records.hpp"
#include "providers/ec2/offerings.hpp"
#include "providers/ec2/price_list.hpp"
#include "providers/provider.hpp"

namespace hydra_provisioner::providers::ec2 {

class Ec2Provider final : public Provider {
 public:
  Ec2Provider(Tag tag, std::string state_dir, std::unique_ptr<RecordKeeper> keeper, io::Clock& clock);

  io::Task<Expected<Inventory>> list(ListRequest request) override;
  io::Task<Expected<std::string>> specification(PoolConfig pool) override;

  // Waits until the instance has an address.
  io::Task<Expected<Instance>> create(MachineRef target, PoolConfig pool) override;
  io::Task<Expected<Instance>> start(MachineRef target, PoolConfig pool) override;
  // Waits until the instance has stopped or ended, because it counts in the account's quota until then.
  io::Task<Expected<void>> stop(MachineRef target, PoolConfig pool) override;
  io::Task<Expected<void>> destroy(MachineRef target, PoolConfig pool) override;

  // The SSH server must prove the host key that the machine was given; with a probeKey, nix-store must greet as well.
  io::Task<Expected<void>> ready(Instance instance, PoolConfig pool) override;
  bool can_probe() const override { return true; }

 private:
  // The record of a machine of our tag: a wrong id must not make us remove that of something else.
  io::Task<Expected<Ec2Record>> record_of(MachineId machine);
  // The machine's instance: from our own record while EC2 may not show it yet. No value: none is known.
  io::Task<Expected<std::optional<Ec2Instance>>> find(MachineRef target, Place place, std::optional<MadeInstance> made);
  io::Task<Expected<Launched>> launch(MachineRef target, PoolConfig pool);
  io::Task<Expected<Instance>> await_boot(MachineRef target, PoolConfig pool, Place place, Ec2Instance first);
  io::Task<Error> explain_early_end(std::optional<SentRequest> sent, Place place, Ec2Instance ended);

  Tag tag_;
  io::Clock& clock_;
  std::shared_ptr<Ec2Client> client_;
  Ec2Records records_;
  OfferingFile offerings_;
  Ec2Launch launch_;
  PriceList prices_;
  Announcements announcements_;
};

}  // namespace hydra_provisioner::providers::ec2
