// What EC2 answers, read from its XML.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/error.hpp"
#include "model/time.hpp"

namespace hydra_provisioner::providers::ec2 {

enum class Ec2State : std::uint8_t { pending, running, stopping, stopped, shutting_down, terminated };

struct Ec2Instance {
  std::string id;
  std::string type{};
  Ec2State state = Ec2State::pending;
  std::string reason{};  // a code, such as Server.SpotInstanceTermination
  std::optional<Instant> launched_at{};
  std::string public_address{};
  std::string private_address{};
  std::string spot_request{};  // the id of the request that it came from; empty: on demand
  std::map<std::string, std::string> tags{};

  std::string tag(std::string_view name) const;
  bool has_ended() const { return state == Ec2State::shutting_down || state == Ec2State::terminated; }
};

struct Ec2Page {
  std::vector<Ec2Instance> instances;
  std::string next_token;  // empty: there is no other page
};

// Of DescribeInstances or RunInstances. Takes the text, which it takes to pieces.
Expected<Ec2Page> read_instances(std::string xml);

struct FleetError {
  std::string code;
  std::string message;
  std::string instance_type;  // empty: of no offering in particular
  std::string subnet;
};

struct FleetAnswer {
  std::vector<std::string> instances;  // their ids
  std::vector<FleetError> errors;
};
Expected<FleetAnswer> read_fleet(std::string xml);

// Ids of volumes that no instance uses any more.
Expected<std::vector<std::string>> read_unused_volumes(std::string xml);

struct Ec2Complaint {
  std::string code;
  std::string message;
};
// None: it is not what EC2 writes when something is wrong.
std::optional<Ec2Complaint> read_complaint(std::string xml);

}  // namespace hydra_provisioner::providers::ec2
