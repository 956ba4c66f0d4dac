// What the next pass would see and decide. Nothing is done, and the journal does not change.
#pragma once

#include <expected>
#include <string>

#include "app/cli/outcome.hpp"
#include "app/inputs/configuration.hpp"
#include "app/inputs/last_pass.hpp"
#include "io/async/task.hpp"
#include "model/plan.hpp"
#include "pass/look.hpp"

namespace hydra_provisioner::app {

struct Preview {
  pass::Look look;
  Plan plan;
  LastPass last_pass;
  Seconds interval;  // of the daemon
};

io::Task<std::expected<Preview, Failure>> preview(ConfigFile file, std::string state_dir);

// How a verb ends that has shown the preview: with the problems of the look, or a status that is not trusted.
Outcome outcome_of(const Preview& preview);

}  // namespace hydra_provisioner::app
