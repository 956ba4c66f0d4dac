// What `nixops check -d UUID` found.
#pragma once

#include <string_view>

#include "model/error.hpp"
#include "providers/provider.hpp"

namespace hydra_provisioner::providers::nixops {

// Of the resource named `machine`, out of the table on stdout. The exit status alone does not tell: a vanished EC2
// instance gives 0, and 1 is also what NixOps exits with when it fails. Full disks and failed units (8, 16) are fine.
Expected<Condition> condition_of(int exit_status, std::string_view output);

}  // namespace hydra_provisioner::providers::nixops
