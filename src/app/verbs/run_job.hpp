// The process of one slow provider operation (act/jobs.hpp): it does what its request file says and writes its result.
#pragma once

#include <string>

#include "model/names.hpp"

namespace hydra_provisioner::app {

// Descriptor 3 is the machine's lock, held until this process ends. The exit status is of no interest to anybody.
int run_job(const Tag& tag, const std::string& state_dir, const MachineId& machine);

}  // namespace hydra_provisioner::app
