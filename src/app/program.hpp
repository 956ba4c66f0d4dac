// The whole program behind main(): one verb, from the command line to the exit status.
#pragma once

namespace hydra_provisioner::app {

int run_program(int argc, const char* const* argv);

}  // namespace hydra_provisioner::app
