// Which machines there are: our instances as EC2 shows them, with one query for each region, and our own records.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "io/async/clock.hpp"
#include "io/async/task.hpp"
#include "model/config.hpp"
#include "model/error.hpp"
#include "model/instance.hpp"
#include "providers/ec2/announcements.hpp"
#include "providers/ec2/api/answers.hpp"
#include "providers/ec2/api/client.hpp"
#include "providers/ec2/machine_sizes.hpp"
#include "providers/ec2/machines/records.hpp"
#include "providers/ec2/machines/specification.hpp"
#include "providers/ec2/offerings.hpp"
#include "providers/ec2/price_list.hpp"
#include "providers/provider.hpp"

namespace hydra_provisioner::providers::ec2 {

// What the pool of an instance tells of it; empty, if the pool is not known.
struct PoolKnowledge {
  Ec2Settings settings{};
  Specifications specifications{};
  std::map<std::string, std::int64_t> vcpus{};  // of instance types
};
PoolKnowledge knowledge_of(const PoolConfig& pool, const OfferingMemory& memory);

// An instance that has not ended.
Instance as_instance(const Ec2Instance& seen, const Place& place, const PoolKnowledge& pool);

// Whether EC2 took a spot instance back.
bool was_interrupted(const Ec2Instance& seen);

// Whether EC2 ended the instance because others need the host; and why it did, in its own words.
bool lacked_capacity(const Ec2Instance& ended);
std::string why_ended(const Ec2Instance& ended);

class Ec2Inventory {
 public:
  Ec2Inventory(Ec2Client& client, Ec2Records& records, OfferingFile& offerings, PriceList& prices,
               Announcements& announcements, io::Clock& clock, Tag tag, ListRequest request);

  // Leaves out instances that have ended. A known instance that EC2 does not show is queried by its id, and counts as
  // running while it may be too young to be shown. A machine has vanished if we only have records of it: destroying it
  // removes them, and finds out what came of its request.
  io::Task<Expected<Inventory>> list();

 private:
  struct PlaceView {
    std::vector<Instance> instances{};
    std::map<std::string, Ec2Instance> shown{};  // all instances by id, also those that have ended
    std::set<std::string> interrupted{};
    std::optional<Error> error{};  // nothing is known of this place
  };

  using Shown = std::map<InstanceId, Ec2Instance>;  // of all places

  io::Task<Expected<std::set<Place>>> places();
  io::Task<void> ask(std::map<Place, PlaceView>& views, const std::vector<PriceQuestion>& price_list);
  io::Task<void> view_place(Place place, PlaceView& view);
  io::Task<void> hear(std::string queue, std::string region);
  io::Task<Expected<void>> remember(std::vector<Notice> notices);
  void mark_noticed(Inventory& inventory) const;
  std::vector<Ec2Settings> all_settings() const;
  io::Task<Expected<void>> look_for_missing(Place place, PlaceView& view);
  void add_seen(const Place& place, const Ec2Instance& seen, PlaceView& view) const;
  bool is_leaked(const Instance& instance) const;
  void add(Instance instance, PlaceView& view) const;
  Instance as_recorded(const MadeInstance& made, const Shown& shown) const;
  io::Task<Expected<void>> add_recorded(Inventory& inventory, const Shown& shown, std::set<std::string> seen_regions);
  io::Task<Expected<void>> add_unseen_pools(Inventory& inventory, Place place, Error error);
  io::Task<Expected<std::vector<MadeInstance>>> all_made();
  io::Task<void> remember_interruptions(const std::set<std::string>& interrupted);

  Ec2Client& client_;
  Ec2Records& records_;
  OfferingFile& offerings_;
  PriceList& prices_;
  Announcements& announcements_;
  io::Clock& clock_;
  Tag tag_;
  ListRequest request_;
  MachineSizes sizes_;
  std::map<PoolName, PoolKnowledge> pools_;
  std::set<MachineId> recorded_;       // of which we have records
  std::vector<std::string> problems_;  // with queues of events
};

}  // namespace hydra_provisioner::providers::ec2
