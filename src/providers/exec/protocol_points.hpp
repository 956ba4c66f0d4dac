// The points of conformance.hpp are for all providers; those here are about the protocol of exec providers.
#pragma once

#include <string>

#include "io/async/task.hpp"
#include "model/config.hpp"
#include "model/names.hpp"
#include "providers/conformance.hpp"

namespace hydra_provisioner::providers::exec {

// There must be no machine of the tag; none is made. False: the program does not speak the protocol, so trying anything
// else is useless.
io::Task<bool> try_protocol(ExecSettings settings, Tag tag, std::string log_file, PointReporter report);

}  // namespace hydra_provisioner::providers::exec
