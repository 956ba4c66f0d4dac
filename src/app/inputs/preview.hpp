// What the next pass would see and decide. Nothing is done, and the journal does not change.
#pragma once

#include <expected>
#include <optional>
#include <string>

#include "act/voice.hpp"
#include "app/cli/outcome.hpp"
#include "app/health.hpp"
#include "app/inputs/configuration.hpp"
#include "app/inputs/last_pass.hpp"
#include "io/async/task.hpp"
#include "model/plan.hpp"
#include "pass/look.hpp"
#include "pass/report.hpp"

namespace hydra_provisioner::app {

struct Preview {
  pass::Look look;
  Plan plan;
  LastPass last_pass;
  Seconds interval;                        // of the daemon
  std::string currency{};                  // of prices; empty: not given
  std::optional<Instant> waiting_since{};  // steps have waited without a break since then, by the recorded passes
};

Health health_of(const Preview& preview, const std::string& trouble = {});

// Right after a pass, without looking again: the machines are as it left them.
Preview preview_after(const pass::Report& report, const Config& config, const std::string& state_dir);

// Tells what is waited for, if that takes long.
io::Task<std::expected<Preview, Failure>> preview(ConfigFile file, std::string state_dir, act::Voice& voice);

// How a verb ends that has shown the preview: with the problems of the look, or a status that is not trusted.
Outcome outcome_of(const Preview& preview);

}  // namespace hydra_provisioner::app
