// Which of our machines built a step, as far as the journal knows.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "model/time.hpp"
#include "state/archive.hpp"

namespace hydra_provisioner::review {

class Builders {
 public:
  explicit Builders(std::vector<state::Residence> residences);

  // The features that steps on the machine of this name, as the queue runner calls it, certainly required then: the
  // mandatory ones of its type, as it was last configured. None for machines that were not ours.
  std::set<std::string> features(const std::string& machine, Instant time) const;

 private:
  std::map<std::string, std::vector<state::Residence>> by_name_;
};

}  // namespace hydra_provisioner::review
