// An instance as EC2 shows it, and as the rest of the program knows machines.
#pragma once

#include "model/config.hpp"
#include "model/instance.hpp"
#include "providers/ec2/answers.hpp"
#include "providers/ec2/machine_files.hpp"

namespace hydra_provisioner::providers::ec2 {

// Of an instance that has not ended. `settings` are those of its pool, as far as they are known.
Instance as_instance(const Ec2Instance& seen, const Place& place, const Ec2Settings& settings);

// Whether EC2 took a spot instance back.
bool was_interrupted(const Ec2Instance& seen);

// For so long after its start EC2 may not show an instance that it has made.
bool may_be_unlisted(const Ec2Record& record, Instant now);

}  // namespace hydra_provisioner::providers::ec2
