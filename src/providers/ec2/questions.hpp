// Questions to EC2 that take more than one request.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "io/async/clock.hpp"
#include "io/async/task.hpp"
#include "model/names.hpp"
#include "providers/ec2/answers.hpp"
#include "providers/ec2/api.hpp"
#include "providers/ec2/places.hpp"

namespace hydra_provisioner::providers::ec2 {

// Hears every instance under our tag in this place, page by page.
io::Task<Expected<void>> for_each_instance(Ec2Api& api, Place place, Tag tag,
                                           std::function<void(const Ec2Instance&)> hear);

// Those of these ids that EC2 shows, and that are ours.
io::Task<Expected<std::vector<Ec2Instance>>> find_instances(Ec2Api& api, Place place, Tag tag,
                                                            std::vector<std::string> ec2_ids);

// The instances that bear a machine's id: usually one.
io::Task<Expected<std::vector<Ec2Instance>>> instances_of(Ec2Api& api, Place place, Tag tag, MachineId machine);

// Looks again and again, until the instance is as wanted, has ended, or that has taken too long: how it was seen last;
// none: it was never shown.
io::Task<Expected<std::optional<Ec2Instance>>> wait_until(Ec2Api& api, io::Clock& clock, Place place, Tag tag,
                                                          std::string ec2_id, Seconds patience,
                                                          std::function<bool(const Ec2Instance&)> is_as_wanted);

}  // namespace hydra_provisioner::providers::ec2
