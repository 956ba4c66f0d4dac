// The last thing that a machine must be able to do before steps are sent to it: let us in, and run `nix-store --serve`.
#pragma once

#include <string>

#include "io/async/task.hpp"
#include "model/error.hpp"

namespace hydra_provisioner::providers {

struct Login {
  std::string user = "root";
  std::string address;
  std::string private_key;  // its path
  std::string known_hosts;  // path of a file with the only host key that will do
};

// Logs in as the queue runner would, and expects the greeting of `nix-store --serve`.
io::Task<Expected<void>> expect_serve_greeting(Login login);

}  // namespace hydra_provisioner::providers
