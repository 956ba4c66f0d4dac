// User data: what an instance reads when it boots. It has one of several formats, and each takes the host key in its
// own way.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "model/error.hpp"

namespace hydra_provisioner::providers::ec2 {

inline constexpr std::size_t user_data_bytes_max = std::size_t{16} << 10;  // EC2's limit

struct HostKeyPair {
  std::string private_key;  // as ssh-keygen writes it
  std::string public_key;   // `TYPE KEY`
};

// Fails with ErrorKind::refused for a format that cannot take the host key: a machine made from it would never be
// ready.
Expected<void> check_user_data(std::string_view user_data);

// What a machine reads when it boots: its host key, and the user data of its pool. NixOS' images for EC2 take the key
// from lines `SSH_HOST_ED25519_KEY:…` (nixos/modules/virtualisation/ec2-data.nix), its lines separated by `|`,
// cloud-init from `ssh_keys`. The key comes as early as possible: NixOS takes any later line with a `|` for a part of
// the key, which does no harm behind its end. Fails beyond user_data_bytes_max.
// `lines` stand beside the key, in every format as a comment or as text that nothing runs.
Expected<std::string> user_data_with(const HostKeyPair& key, std::string_view user_data,
                                     const std::vector<std::string>& lines = {});

}  // namespace hydra_provisioner::providers::ec2
