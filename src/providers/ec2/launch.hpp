// Asking for an instance until there is one, or nothing is left to ask for.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "io/async/clock.hpp"
#include "io/async/task.hpp"
#include "model/config.hpp"
#include "model/error.hpp"
#include "providers/ec2/answers.hpp"
#include "providers/ec2/api.hpp"
#include "providers/ec2/machine_files.hpp"
#include "providers/ec2/offering_file.hpp"
#include "providers/ec2/requests.hpp"

namespace hydra_provisioner::providers::ec2 {

struct LaunchOrder {
  Ec2Files files;
  Ec2Settings settings;
  Identity identity;
};

class Ec2Launch {
 public:
  Ec2Launch(Ec2Api& api, OfferingFile& offerings, io::Clock& clock) : api_(api), offerings_(offerings), clock_(clock) {}

  // The instance, as far as EC2 told of it at once: always its id. Each request is written down before it is sent; one
  // whose answer never came is sent again as it was. ErrorKind::no_capacity: everything that may be asked for was
  // refused, now or lately. ErrorKind::unfinished: there may be an instance, and the next call will tell.
  io::Task<Expected<Ec2Instance>> launch(LaunchOrder order);

  // What came of a request whose answer never came. No value: there was none, or nothing came of it.
  io::Task<Expected<std::optional<Ec2Instance>>> hear_answer(Ec2Files files);

  // EC2 took back what it had just granted.
  io::Task<void> note_refusal(Place place, std::vector<Offering> offerings, Ec2Code meaning);

 private:
  struct Refused {
    std::vector<Offering> offerings;
    Ec2Code meaning = Ec2Code::capacity;
    std::string message;
  };
  // An instance, or what was refused.
  struct Outcome {
    std::optional<Ec2Instance> made{};
    std::vector<Refused> refused{};
  };
  io::Task<Expected<Outcome>> send(Ec2Files files, SentRequest request);
  io::Task<Ec2Expected<Outcome>> answer_of(SentRequest request);
  static Ec2Expected<Outcome> outcome_of_run(const SentRequest& request, Ec2Expected<std::string> answer);
  static Ec2Expected<Outcome> outcome_of_fleet(const SentRequest& request, Ec2Expected<std::string> answer);

  Ec2Api& api_;
  OfferingFile& offerings_;
  io::Clock& clock_;
};

}  // namespace hydra_provisioner::providers::ec2
