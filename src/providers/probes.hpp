// What a machine must prove before steps are sent to it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "io/async/task.hpp"
#include "model/error.hpp"

namespace hydra_provisioner::providers {

// The SSH server at the address (port 22 if it has none) must prove that it has this host key (`TYPE KEY`). This takes
// no login, and 10 s at most. `remedy` is what to do when it has another key.
io::Task<Expected<void>> expect_host_key(std::string address, std::string host_key, std::string remedy);

struct Login {
  std::string user = "root";
  std::string address;
  std::string private_key;  // its path
  std::string known_hosts;  // path of a file with the only host key that is accepted
  std::optional<int> port{};
  bool checks_host_key = true;
};

// The command that logs in and runs this there.
std::vector<std::string> ssh_command(const Login& login, const std::vector<std::string>& remote);

// Logs in as the queue runner would, and expects the greeting of `nix-store --serve`.
io::Task<Expected<void>> expect_serve_greeting(Login login);

}  // namespace hydra_provisioner::providers
