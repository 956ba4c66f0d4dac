// NixOps' state file, which NixOps does not set up in one piece: of two that are the first to use it, one may fail.
#pragma once

#include "io/async/clock.hpp"
#include "io/async/task.hpp"
#include "io/file/descriptor.hpp"
#include "model/error.hpp"

namespace hydra_provisioner::providers::nixops {

// Held while the state file may be set up, by one process of this host at a time: a lock on the folder that it is in,
// or in which NixOps will make that folder. Nothing is held once the file has been there for a minute; it fails after
// as long.
io::Task<Expected<io::Descriptor>> lock_first_use(io::Clock& clock);

}  // namespace hydra_provisioner::providers::nixops
