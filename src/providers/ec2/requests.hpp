// What is asked of EC2, as bodies of requests. Nothing here does anything.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/config.hpp"
#include "model/names.hpp"
#include "providers/ec2/offerings.hpp"

namespace hydra_provisioner::providers::ec2 {

// The names of our tags. Only instances with the first one, and our provisioner's name in it, are ours.
namespace ec2_tag {
constexpr std::string_view provisioner = "hydra-provisioner";
constexpr std::string_view machine = "hydra-provisioner:machine";
constexpr std::string_view pool = "hydra-provisioner:pool";
constexpr std::string_view specification = "hydra-provisioner:specification";
constexpr std::string_view host_key = "hydra-provisioner:host-key";
}  // namespace ec2_tag

// What makes a machine the one that it is, besides its pool's settings.
struct Identity {
  Tag tag;
  MachineId machine;
  PoolName pool;
  std::string specification;
  std::string host_key;   // its public half
  std::string user_data;  // with the private half
};

// One machine, of one offering. With the same token EC2 makes it only once.
std::string run_instances(const Ec2Settings& settings, const Identity& identity, const Offering& offering,
                          const std::string& token);

// One machine, of whichever of the offerings EC2 prefers; all are of one market. Needs a launch template.
std::string create_fleet(const Ec2Settings& settings, const Identity& identity, const std::vector<Offering>& offerings,
                         const std::string& token);

constexpr std::size_t ids_per_question_max = 200;  // as many values as a filter may have

std::string describe_instances(const Tag& tag, const std::string& next_token);
std::string describe_instances(const Tag& tag, const std::vector<std::string>& ec2_ids);
std::string describe_instances_of(const Tag& tag, const MachineId& machine);
std::string describe_volumes_of(const Tag& tag, const MachineId& machine);

std::string terminate_instances(const std::vector<std::string>& ec2_ids);
std::string stop_instance(const std::string& ec2_id);
std::string start_instance(const std::string& ec2_id);
std::string cancel_spot_requests(const std::vector<std::string>& ids);
std::string delete_volume(const std::string& id);

}  // namespace hydra_provisioner::providers::ec2
