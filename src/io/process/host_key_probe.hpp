// Whether an SSH server is the one that is expected. That needs no login.
#pragma once

#include <string>

#include "io/async/task.hpp"
#include "model/error.hpp"

namespace hydra_provisioner::io {

// Port 22 of the address answers, and proves to have this host key (`TYPE KEY`). Takes 5 s at most.
Task<Expected<void>> probe_host_key(std::string address, std::string host_key);

}  // namespace hydra_provisioner::io
