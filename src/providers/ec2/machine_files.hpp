// What we note of a machine in STATE_DIR/ec2/MACHINE_ID/, from before it is asked for until after it is gone: what must
// be the same when its creation is repeated, and what EC2 may not show yet. Only we may read it: its host key is there.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/error.hpp"
#include "model/instance.hpp"
#include "model/names.hpp"
#include "providers/ec2/offerings.hpp"
#include "providers/ec2/places.hpp"

namespace hydra_provisioner::providers::ec2 {

struct Ec2Files {
  std::string folder;

  std::string host_key() const { return folder + "/host_key"; }  // its public half: the same with .pub
  std::string request() const { return folder + "/request.json"; }
  std::string instance() const { return folder + "/instance.json"; }
  std::string known_hosts() const { return folder + "/known_hosts"; }
};

Ec2Files files_of(const std::string& state_dir, const MachineId& machine);

// What was sent to get the machine, or was about to be. As long as its answer is not known it is repeated as it is:
// with the same token EC2 makes only one instance of it.
struct SentRequest {
  Place place;
  std::vector<Offering> offerings;
  std::string body;
};
Expected<std::optional<SentRequest>> read_sent(const Ec2Files& files);
Expected<void> write_sent(const Ec2Files& files, const SentRequest& request);

// The instance that came of it.
struct Ec2Record {
  Place place;
  Instance instance;
};
Expected<std::optional<Ec2Record>> read_instance_record(const Ec2Files& files);
Expected<void> write_instance_record(const Ec2Files& files, const Ec2Record& record);

// The machines under the tag of which there are files.
std::vector<MachineId> noted_machines(const std::string& state_dir, const Tag& tag);

// The records of all of them; what cannot be read is left out.
std::vector<Ec2Record> all_instance_records(const std::string& state_dir, const Tag& tag);

// Before a new request.
Expected<void> forget_request_and_instance(const Ec2Files& files);

}  // namespace hydra_provisioner::providers::ec2
