// What is recorded of a machine, from before it is requested until after it is gone: what must stay the same when its
// creation is repeated, and its instance, which EC2 may not show yet.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "io/async/task.hpp"
#include "model/error.hpp"
#include "model/instance.hpp"
#include "model/names.hpp"
#include "model/time.hpp"
#include "providers/ec2/api/place.hpp"
#include "providers/ec2/machines/user_data.hpp"
#include "providers/ec2/offerings.hpp"
#include "providers/record_keeper.hpp"

namespace hydra_provisioner::providers::ec2 {

// The request for the machine, written before it is sent. Until its answer is known it is repeated unchanged: EC2 makes
// only one instance for requests with the same token.
struct SentRequest {
  Place place;
  std::vector<Offering> offerings;
  std::string body;
};

// The instance that EC2 made.
struct MadeInstance {
  Place place;
  Instance instance;
};

struct Ec2Record {
  std::optional<SentRequest> sent{};
  std::optional<MadeInstance> made{};
};

// EC2 may not show an instance in the first minutes after its launch.
bool may_still_appear(const MadeInstance& made, Instant now);

class Ec2Records {
 public:
  explicit Ec2Records(std::unique_ptr<RecordKeeper> keeper) : keeper_(std::move(keeper)) {}

  io::Task<Expected<std::set<MachineId>>> machines() { return keeper_->machines(); }
  // An error of one machine: its record is damaged.
  io::Task<Expected<std::map<MachineId, Expected<Ec2Record>>>> of(std::set<MachineId> machines);
  io::Task<Expected<Ec2Record>> of(MachineId machine);  // empty, if there is none

  io::Task<Expected<void>> write_sent(MachineId machine, SentRequest request);
  io::Task<Expected<void>> forget_sent(MachineId machine);
  io::Task<Expected<void>> write_made(MachineId machine, MadeInstance made);
  // The host key that the machine is made with; a new one, if it has none yet.
  io::Task<Expected<HostKeyPair>> ensure_host_key(MachineId machine);
  io::Task<Expected<void>> forget(MachineId machine);

 private:
  Expected<Ec2Record> parse(const MachineId& machine, const Records& records) const;

  std::unique_ptr<RecordKeeper> keeper_;
};

}  // namespace hydra_provisioner::providers::ec2
