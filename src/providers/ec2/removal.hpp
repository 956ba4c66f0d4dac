// The end of a machine, with all that was made for it.
#pragma once

#include <string>
#include <vector>

#include "io/async/clock.hpp"
#include "io/async/task.hpp"
#include "model/error.hpp"
#include "model/names.hpp"
#include "providers/ec2/api.hpp"
#include "providers/ec2/places.hpp"

namespace hydra_provisioner::providers::ec2 {

class Ec2Removal {
 public:
  Ec2Removal(Ec2Api& api, io::Clock& clock, Tag tag, Place place, MachineId machine);

  // The machine's instances that we know, or that bear its id if we know none; then the volumes that they leave. Waits
  // until they have ended: they count in the account's quota until then. What EC2 does not know is gone, unless it
  // `comes_yet`.
  io::Task<Expected<void>> end(std::vector<std::string> known_ids, bool comes_yet);

 private:
  io::Task<Expected<void>> end_instance(std::string ec2_id, bool comes_yet);
  io::Task<Expected<void>> cancel_request(std::string spot_request);
  io::Task<Expected<void>> delete_volumes();

  Ec2Api& api_;
  io::Clock& clock_;
  Tag tag_;
  Place place_;
  MachineId machine_;
};

}  // namespace hydra_provisioner::providers::ec2
