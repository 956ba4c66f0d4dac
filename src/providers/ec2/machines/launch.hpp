// Requests offerings until EC2 makes an instance, or no offering is left.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "io/async/clock.hpp"
#include "io/async/task.hpp"
#include "model/error.hpp"
#include "providers/ec2/api/answers.hpp"
#include "providers/ec2/api/client.hpp"
#include "providers/ec2/machines/records.hpp"
#include "providers/ec2/machines/specification.hpp"
#include "providers/ec2/offerings.hpp"

namespace hydra_provisioner::providers::ec2 {

struct Launched {
  Place place;  // of the request: an earlier one may have gone to another place
  Ec2Instance instance;
};

class Ec2Launch {
 public:
  Ec2Launch(Ec2Client& client, Ec2Records& records, OfferingFile& offerings, io::Clock& clock)
      : client_(client), records_(records), offerings_(offerings), clock_(clock) {}

  // The instance is what EC2's answer says of it: always its id. Each request is recorded before it is sent;
  // a request without an answer is sent again unchanged. ErrorKind::no_capacity: EC2 refused all offerings, now or
  // lately. ErrorKind::unfinished: there may be an instance, and the next call will find out.
  io::Task<Expected<Launched>> launch(LaunchSpecification specification);

  // Repeats a request that was not answered. No value: there was no such request, or EC2 made no instance of it.
  io::Task<Expected<std::optional<Launched>>> repeat_unanswered_request(MachineId machine);

  // Also after EC2 took back an instance that it had just made.
  io::Task<void> remember_refusal(Place place, std::vector<Offering> offerings, Ec2Code meaning);

 private:
  struct Refused {
    std::vector<Offering> offerings;
    Ec2Code meaning = Ec2Code::capacity;
    std::string message;
  };
  // Either the instance, or what was refused.
  struct Outcome {
    std::optional<Ec2Instance> made{};
    std::vector<Refused> refused{};
  };
  io::Task<Expected<Outcome>> send(MachineId machine, SentRequest request);
  io::Task<Ec2Expected<Outcome>> answer_of(SentRequest request);
  static Ec2Expected<Outcome> outcome_of_run(const SentRequest& request, Ec2Expected<std::string> answer);
  static Ec2Expected<Outcome> outcome_of_fleet(const SentRequest& request, Ec2Expected<std::string> answer);

  Ec2Client& client_;
  Ec2Records& records_;
  OfferingFile& offerings_;
  io::Clock& clock_;
};

}  // namespace hydra_provisioner::providers::ec2
