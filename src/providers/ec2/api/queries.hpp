// Questions to EC2 that can take more than one request.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "io/async/clock.hpp"
#include "io/async/task.hpp"
#include "model/names.hpp"
#include "providers/ec2/api/answers.hpp"
#include "providers/ec2/api/client.hpp"
#include "providers/ec2/api/place.hpp"

namespace hydra_provisioner::providers::ec2 {

// Calls `visit` for every instance with our tag in this place, page by page.
io::Task<Expected<void>> for_each_instance(Ec2Client& client, Place place, Tag tag,
                                           std::function<void(const Ec2Instance&)> visit);

// The instances with these ids, as far as EC2 shows them and they are ours.
io::Task<Expected<std::vector<Ec2Instance>>> find_instances(Ec2Client& client, Place place, Tag tag,
                                                            std::vector<std::string> ec2_ids);

// The instances that are tagged with a machine's id: usually one.
io::Task<Expected<std::vector<Ec2Instance>>> instances_of(Ec2Client& client, Place place, Tag tag, MachineId machine,
                                                          Owner owner);

// How many virtual processors these instance types have, as far as they exist in this place.
io::Task<Expected<std::map<std::string, std::int64_t>>> sizes_of(Ec2Client& client, Place place,
                                                                 std::vector<std::string> instance_types);

// Looks at an instance again and again, until `is_as_wanted` is true, the instance has ended, or the patience is over.
// Returns the instance as EC2 showed it last. No value: EC2 never showed it.
io::Task<Expected<std::optional<Ec2Instance>>> wait_until(Ec2Client& client, io::Clock& clock, Place place, Tag tag,
                                                          std::string ec2_id, Seconds patience,
                                                          std::function<bool(const Ec2Instance&)> is_as_wanted);

}  // namespace hydra_provisioner::providers::ec2
