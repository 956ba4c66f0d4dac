// Key pairs: a machine's host key, and the key that it lets in.
#pragma once

#include <string>

#include "io/clock.hpp"
#include "model/error.hpp"

namespace hydra_provisioner {

// Makes the ed25519 key pair PATH and PATH.pub unless PATH is there. The private half comes last, so that where it is,
// both are.
Task<Expected<void>> ensure_key_pair(std::string path);

// As ensure_key_pair, when several processes may do so at once.
Task<Expected<void>> ensure_shared_key_pair(std::string path, Clock& clock);

// `TYPE KEY` of a private key: of the file beside it with .pub, or derived.
Task<Expected<std::string>> public_half(std::string private_key);

}  // namespace hydra_provisioner
