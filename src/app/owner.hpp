// The owner id of a state directory: what tells this installation's machines from those of another one that has the
// same tag at the same provider.
#pragma once

#include <string>

#include "model/error.hpp"
#include "model/names.hpp"

namespace hydra_provisioner::app {

// Made at the first call, and the same ever after. STATE_DIR/owner, outside of the journal: with it, the machines are
// found again when a journal is lost.
Expected<Owner> owner_of(const std::string& state_dir);

// The same, and changes nothing: before there is one, an owner that has no machines.
Expected<Owner> known_owner_of(const std::string& state_dir);

}  // namespace hydra_provisioner::app
