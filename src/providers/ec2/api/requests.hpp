// Requests to EC2, as bodies of POST requests. Nothing here sends them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/config.hpp"
#include "model/names.hpp"
#include "model/time.hpp"
#include "providers/ec2/offerings.hpp"

namespace hydra_provisioner::providers::ec2 {

// The names of our tags. An instance is ours only if it has the first one, with our provisioner's tag as its value.
namespace ec2_tag {
constexpr std::string_view provisioner = "hydra-provisioner";
constexpr std::string_view machine = "hydra-provisioner:machine";
constexpr std::string_view owner = "hydra-provisioner:owner";
constexpr std::string_view pool = "hydra-provisioner:pool";
constexpr std::string_view specification = "hydra-provisioner:specification";
constexpr std::string_view host_key = "hydra-provisioner:host-key";
}  // namespace ec2_tag

constexpr std::string_view ec2_version = "2016-11-15";

// The parameters of one request of a Query API of AWS, written as application/x-www-form-urlencoded.
class Form {
 public:
  explicit Form(std::string_view action, std::string_view version = ec2_version);

  Form& add(std::string name, std::string value);

  // Names must be unreserved characters only; values are escaped.
  std::string body() const;

 private:
  std::vector<std::pair<std::string, std::string>> parameters_;
};

// `RunInstances`, of a body that a Form made.
std::string_view action_of(std::string_view body);

// What distinguishes a machine from the others of its pool.
struct Identity {
  Tag tag;
  MachineId machine;
  Owner owner;
  PoolName pool;
  std::string specification;
  std::string host_key;   // its public half
  std::string user_data;  // with the private half
};

// One machine, of one offering. EC2 makes only one instance for all requests with the same token.
std::string run_instances(const Ec2Settings& settings, const Identity& identity, const Offering& offering,
                          const std::string& token);

// One machine, of the offering that EC2 prefers; all offerings are of one market. Needs a launch template.
std::string create_fleet(const Ec2Settings& settings, const Identity& identity, const std::vector<Offering>& offerings,
                         const std::string& token);

constexpr std::size_t ids_per_request_max = 200;  // EC2 takes no more values for a filter

std::string describe_instances(const Tag& tag, const std::string& next_token);
std::string describe_instances(const Tag& tag, const std::vector<std::string>& ec2_ids);
// An empty owner stands for all owners.
std::string describe_instances_of(const Tag& tag, const MachineId& machine, const Owner& owner);
std::string describe_volumes_of(const Tag& tag, const MachineId& machine, const Owner& owner);

// The spot prices of Linux in force at this moment.
std::string describe_spot_prices(const std::vector<std::string>& instance_types, Instant now,
                                 const std::string& next_token);
// Of those that exist in the region; the request knows no error for others.
std::string describe_instance_types(const std::vector<std::string>& names, const std::string& next_token);
std::string describe_subnets(const std::vector<std::string>& ids);

std::string terminate_instances(const std::vector<std::string>& ec2_ids);
std::string stop_instance(const std::string& ec2_id);
std::string start_instance(const std::string& ec2_id);
std::string cancel_spot_requests(const std::vector<std::string>& ids);
std::string delete_volume(const std::string& id);

}  // namespace hydra_provisioner::providers::ec2
