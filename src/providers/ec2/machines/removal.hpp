// Terminates a machine, and removes everything that was made for it.
#pragma once

#include <string>
#include <vector>

#include "io/async/clock.hpp"
#include "io/async/task.hpp"
#include "model/error.hpp"
#include "model/names.hpp"
#include "providers/ec2/api/client.hpp"
#include "providers/ec2/api/place.hpp"
#include "providers/provider.hpp"

namespace hydra_provisioner::providers::ec2 {

class Ec2Removal {
 public:
  Ec2Removal(Ec2Client& client, io::Clock& clock, Tag tag, Place place, MachineRef target);

  // Removes the known instances of the machine, or, if we know none, those that are tagged with its id; then the
  // volumes that they leave. Waits until the instances are terminated, because they count in the account's quota until
  // then. An instance that EC2 does not know is gone, unless it `may_still_appear`.
  io::Task<Expected<void>> remove(std::vector<std::string> known_ids, bool may_still_appear);

 private:
  io::Task<Expected<void>> terminate(std::string ec2_id, bool may_still_appear);
  io::Task<Expected<void>> cancel_spot_request(std::string spot_request);
  io::Task<Expected<void>> delete_volumes();

  Ec2Client& client_;
  io::Clock& clock_;
  Tag tag_;
  Place place_;
  MachineRef target_;
};

}  // namespace hydra_provisioner::providers::ec2
