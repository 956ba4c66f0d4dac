// One pass: the whole program's job, from a configuration to a machines file whose machines build.
#pragma once

#include <optional>

#include "act/voice.hpp"
#include "app/world.hpp"
#include "io/task.hpp"
#include "model/config.hpp"
#include "model/time.hpp"
#include "state/journal.hpp"

namespace hydra_provisioner {

struct PassEnd {
  int exit_status = 0;                   // exit_status.hpp
  bool is_trusted = false;               // what the queue runner says
  bool is_changing = false;              // an operation is under way, or a machine about to become ready
  std::optional<Instant> reconsider_at;  // when the plan would next change by itself
};

// Waits for what it has begun for as long as `patience`; with none, everything slow is left to later passes. The caller
// holds the tag's lock.
Task<PassEnd> run_pass(const World& world, const Config& config, Journal& journal, Voice& voice, Seconds patience);

}  // namespace hydra_provisioner
