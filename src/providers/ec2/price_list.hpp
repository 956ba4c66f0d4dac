// Asks EC2 for the spot prices of the regions in which pools choose by price, at most once every few minutes.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "io/async/clock.hpp"
#include "io/async/pending_call.hpp"
#include "io/async/task.hpp"
#include "model/config.hpp"
#include "providers/ec2/api/client.hpp"
#include "providers/ec2/api/place.hpp"
#include "providers/ec2/offerings.hpp"

namespace hydra_provisioner::providers::ec2 {

struct PriceQuestion {
  Place place;
  std::set<std::string> instance_types{};
  std::set<std::string> subnets{};  // empty: EC2 chooses

  friend bool operator==(const PriceQuestion&, const PriceQuestion&) = default;
};

// One for each place, of settings with one region each.
std::vector<PriceQuestion> price_questions(const std::vector<Ec2Settings>& pools);

class PriceList {
 public:
  PriceList(std::shared_ptr<Ec2Client> client, OfferingFile& offerings, io::Clock& clock)
      : client_(std::move(client)), offerings_(offerings), clock_(clock) {}

  // Notes the prices in the file of offerings, where the operations find them. What takes more than two seconds goes
  // on, and a later call notes it.
  io::Task<void> refresh(PriceQuestion question);

  // What is not known, and why.
  std::vector<std::string> warnings(const std::vector<PriceQuestion>& questions) const;

 private:
  io::Task<void> note(PriceQuestion question, Expected<SpotPrices> found);

  std::shared_ptr<Ec2Client> client_;
  OfferingFile& offerings_;
  io::Clock& clock_;
  std::map<Place, io::PendingCall<SpotPrices>> calls_;
};

}  // namespace hydra_provisioner::providers::ec2
