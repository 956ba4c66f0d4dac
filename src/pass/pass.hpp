// One pass: the whole program's job, from a configuration to a machines file whose machines build.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "act/voice.hpp"
#include "io/async/task.hpp"
#include "model/config.hpp"
#include "model/time.hpp"
#include "pass/report.hpp"
#include "pass/world.hpp"
#include "state/journal.hpp"

namespace hydra_provisioner::pass {

// What came of a pass, for the caller that decides what to do next.
struct PassEnd {
  bool succeeded = false;                  // nothing failed, and the machines file is published
  bool is_trusted = false;                 // the queue runner's status
  bool is_changing = false;                // an operation is under way, or a machine about to become ready
  std::optional<Instant> reconsider_at{};  // when the plan would next change by itself
  std::shared_ptr<const Report> report{};  // null: the journal could not be read
  std::string summary{};                   // one line: `12 machines: 9 ready, 2 creating, 1 draining`
};

// Waits for what it has begun for as long as `patience`; with none, everything slow is left to later passes. The caller
// holds the tag's lock.
io::Task<PassEnd> run_pass(const World& world, const Config& config, state::Journal& journal, act::Voice& voice,
                           Seconds patience);

}  // namespace hydra_provisioner::pass
