// What a program has to do beyond what every provider has to: points that only its protocol has.
#pragma once

#include "io/async/task.hpp"
#include "model/config.hpp"
#include "model/names.hpp"
#include "providers/conformance.hpp"

namespace hydra_provisioner::providers::exec {

// There is no machine of the tag, and none is made. False: it does not even speak the protocol, so that nothing else
// needs to be tried.
io::Task<bool> try_protocol(ExecSettings settings, Tag tag, std::string log_file, Witness witness);

}  // namespace hydra_provisioner::providers::exec
