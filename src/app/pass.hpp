// One pass: the whole program's job, from a configuration to a machines file whose machines build.
#pragma once

#include "act/voice.hpp"
#include "app/pass_end.hpp"
#include "app/world.hpp"
#include "io/task.hpp"
#include "model/config.hpp"
#include "model/time.hpp"
#include "state/journal.hpp"

namespace hydra_provisioner {

// Waits for what it has begun for as long as `patience`; with none, everything slow is left to later passes. The caller
// holds the tag's lock.
Task<PassEnd> run_pass(const World& world, const Config& config, Journal& journal, Voice& voice, Seconds patience);

}  // namespace hydra_provisioner
