// EC2's answers, read from their XML.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/enum_names.hpp"
#include "model/error.hpp"
#include "model/money.hpp"
#include "model/names.hpp"
#include "model/time.hpp"

namespace hydra_provisioner::providers::ec2 {

enum class Ec2State : std::uint8_t { pending, running, stopping, stopped, shutting_down, terminated };

struct Ec2Instance {
  std::string id;
  std::string type{};
  std::int64_t vcpus = 0;  // 0: EC2 does not say
  Ec2State state = Ec2State::pending;
  std::string reason{};       // of the state: a code, such as Server.SpotInstanceTermination
  std::string explanation{};  // of the state, for humans
  std::optional<Instant> launched_at{};
  std::string public_address{};
  std::string private_address{};
  std::string spot_request{};  // the id of its spot request; empty: on demand
  std::map<std::string, std::string> tags{};

  std::string tag(std::string_view name) const;
  bool has_ended() const { return state == Ec2State::shutting_down || state == Ec2State::terminated; }
};

struct Ec2Page {
  std::vector<Ec2Instance> instances;
  std::string next_token;  // empty: this is the last page
};

// An answer to DescribeInstances or RunInstances.
Expected<Ec2Page> read_instances(std::string xml);

struct FleetError {
  std::string code;
  std::string message;
  std::string instance_type;  // empty: the error is about all offerings
  std::string subnet;
};

struct FleetAnswer {
  std::vector<std::string> ec2_ids;
  std::vector<FleetError> errors;
};
Expected<FleetAnswer> read_fleet(std::string xml);

// An entry of the history of spot prices: from this time on, an hour in this zone cost so much.
struct SpotPrice {
  std::string instance_type;
  std::string zone;
  Micros per_hour;
  Instant at;
};

struct SpotPricePage {
  std::vector<SpotPrice> prices;
  std::string next_token;  // empty: this is the last page
};

// How many virtual processors the instance types have, by their names.
struct SizesPage {
  std::map<std::string, std::int64_t> vcpus;
  std::string next_token;
};
Expected<SizesPage> read_sizes(std::string xml);

// Leaves out what is no price.
Expected<SpotPricePage> read_spot_prices(std::string xml);

// The zones of subnets.
Expected<std::map<std::string, std::string>> read_zones(std::string xml);

// Ids of the volumes that no instance uses any more.
Expected<std::vector<std::string>> read_unused_volumes(std::string xml, const Owner& owner);

// Of SQS.
struct QueueMessage {
  std::string receipt;  // with which it is removed
  std::string body;
};
Expected<std::vector<QueueMessage>> read_messages(std::string xml);

struct ErrorAnswer {
  std::string code;
  std::string message;
};
// No value: neither EC2 nor SQS wrote this.
std::optional<ErrorAnswer> read_error(std::string xml);

}  // namespace hydra_provisioner::providers::ec2

template <>
inline constexpr auto hydra_provisioner::names_of<hydra_provisioner::providers::ec2::Ec2State> =
    hydra_provisioner::enum_names("pending", "running", "stopping", "stopped", "shutting-down", "terminated");
