// Key pairs: the host key of a machine, and the key that may log in.
#pragma once

#include <string>
#include <string_view>

#include "io/async/clock.hpp"
#include "model/error.hpp"
#include "model/names.hpp"

namespace hydra_provisioner::providers {

inline constexpr std::string_view key_folder = "keys";  // the purpose of temporary folders with a key

// As ssh-keygen writes both.
struct KeyPair {
  std::string private_half;
  std::string public_half;
};
io::Task<Expected<KeyPair>> new_key_pair(std::string comment);  // ed25519, without a passphrase

// The first two words of a public key's line, `TYPE KEY COMMENT`; empty when there are fewer.
std::string type_and_key(std::string_view line);

// Makes the ed25519 key pair PATH and PATH.pub unless PATH exists. The private half is written last: if it exists, so
// does the other.
io::Task<Expected<void>> ensure_key_pair(std::string path);

// As ensure_key_pair, if several processes may do so at the same time.
io::Task<Expected<void>> ensure_shared_key_pair(std::string path, io::Clock& clock);

// The private key for all pools of the local provider without an sshKey: STATE_DIR/TAG.key. The first creation of a
// machine makes it.
std::string local_key_path(const std::string& state_dir, const Tag& tag);

// `TYPE KEY` of a private key: from the .pub file beside it, or derived.
io::Task<Expected<std::string>> public_half(std::string private_key);

}  // namespace hydra_provisioner::providers
