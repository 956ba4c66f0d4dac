// One pass: the whole program's job, from a configuration to a machines file whose machines build.
#pragma once

#include "act/voice.hpp"
#include "app/world.hpp"
#include "io/task.hpp"
#include "model/config.hpp"
#include "state/journal.hpp"

namespace hydra_provisioner {

// The exit status (exit_status.hpp). The caller holds the tag's lock.
Task<int> run_pass(const World& world, const Config& config, Journal& journal, Voice& voice);

}  // namespace hydra_provisioner
