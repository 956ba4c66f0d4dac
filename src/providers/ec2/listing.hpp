// All our instances: one listing a region, whatever the number of pools and machines.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "io/async/clock.hpp"
#include "io/async/task.hpp"
#include "model/error.hpp"
#include "providers/ec2/answers.hpp"
#include "providers/ec2/api.hpp"
#include "providers/ec2/machine_files.hpp"
#include "providers/ec2/offering_file.hpp"
#include "providers/provider.hpp"

namespace hydra_provisioner::providers::ec2 {

class Ec2Listing {
 public:
  Ec2Listing(Ec2Api& api, OfferingFile& offerings, io::Clock& clock, Tag tag, std::string state_dir,
             ListRequest request);

  // Instances that have ended are left out. One that we know and EC2 does not show is asked for by its id, and believed
  // in while it may be too young to be shown. A machine of which only our own notes are left has vanished: they are to
  // be removed, and what was asked for is to be heard of.
  io::Task<Inventory> list();

 private:
  struct Sight {
    std::vector<Instance> instances{};
    std::set<std::string> shown{};  // the ids of all, those that have ended included
    std::set<std::string> interrupted{};
    std::optional<Error> error{};  // nothing is known
  };

  std::set<Place> places() const;
  io::Task<void> look_at(Place place, Sight& sight);
  io::Task<Expected<void>> look_for_missing(Place place, Sight& sight);
  void take(const Place& place, const Ec2Instance& seen, Sight& sight) const;
  bool is_leaked(const Instance& instance) const;
  void add(Instance instance, Sight& sight) const;
  void add_notes(Inventory& inventory, const std::set<InstanceId>& shown,
                 const std::set<std::string>& seen_regions) const;
  void add_unseen(Inventory& inventory, const Place& place, const Error& error) const;
  io::Task<void> note_interruptions(const std::set<std::string>& interrupted);

  Ec2Api& api_;
  OfferingFile& offerings_;
  io::Clock& clock_;
  Tag tag_;
  std::string state_dir_;
  ListRequest request_;
  std::map<PoolName, Ec2Settings> settings_;
};

}  // namespace hydra_provisioner::providers::ec2
