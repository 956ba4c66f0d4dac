// What is recorded of a machine in STATE_DIR/ec2/MACHINE_ID/, from before it is requested until after it is gone: what
// must stay the same when its creation is repeated, and its instance, which EC2 may not show yet. Only our own user may
// read the folder, because the host key is in it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/error.hpp"
#include "model/instance.hpp"
#include "model/names.hpp"
#include "model/time.hpp"
#include "providers/ec2/api/place.hpp"
#include "providers/ec2/offerings.hpp"

namespace hydra_provisioner::providers::ec2 {

struct Ec2Files {
  std::string folder;

  std::string host_key() const { return folder + "/host_key"; }  // its public half: the same with .pub
  std::string request() const { return folder + "/request.json"; }
  std::string instance() const { return folder + "/instance.json"; }
  std::string known_hosts() const { return folder + "/known_hosts"; }
};

Ec2Files files_of(const std::string& state_dir, const MachineId& machine);

// The request for the machine, written before it is sent. Until its answer is known it is repeated unchanged: EC2 makes
// only one instance for requests with the same token.
struct SentRequest {
  Place place;
  std::vector<Offering> offerings;
  std::string body;
};
Expected<std::optional<SentRequest>> read_sent(const Ec2Files& files);
Expected<void> write_sent(const Ec2Files& files, const SentRequest& request);

// The instance that EC2 made.
struct Ec2Record {
  Place place;
  Instance instance;
};
Expected<std::optional<Ec2Record>> read_instance_record(const Ec2Files& files);
Expected<void> write_instance_record(const Ec2Files& files, const Ec2Record& record);

// EC2 may not show an instance in the first minutes after its launch.
bool may_still_appear(const Ec2Record& record, Instant now);

// The machines of the tag that have a folder.
std::vector<MachineId> recorded_machines(const std::string& state_dir, const Tag& tag);

// All their instance records; those that cannot be read are left out.
std::vector<Ec2Record> all_instance_records(const std::string& state_dir, const Tag& tag);

// Before a new request.
Expected<void> forget_request_and_instance(const Ec2Files& files);

}  // namespace hydra_provisioner::providers::ec2
