// Key pairs: a machine's host key, and the key that it lets in.
#pragma once

#include <string>

#include "io/async/clock.hpp"
#include "model/error.hpp"
#include "model/names.hpp"

namespace hydra_provisioner::providers {

// Makes the ed25519 key pair PATH and PATH.pub unless PATH is there. The private half comes last, so that where it is,
// both are.
io::Task<Expected<void>> ensure_key_pair(std::string path);

// As ensure_key_pair, when several processes may do so at once.
io::Task<Expected<void>> ensure_shared_key_pair(std::string path, io::Clock& clock);

// The private key of the local provider's pools without an sshKey, one per tag: STATE_DIR/TAG.key. The first creation
// makes it.
std::string local_key_path(const std::string& state_dir, const Tag& tag);

// `TYPE KEY` of a private key: of the file beside it with .pub, or derived.
io::Task<Expected<std::string>> public_half(std::string private_key);

}  // namespace hydra_provisioner::providers
