// All verbs. Each has a file of its own.
#pragma once

#include <vector>

#include "app/cli/verb.hpp"

namespace hydra_provisioner::app {

// In the order in which the help lists them.
const std::vector<Verb>& all_verbs();

Verb pass_verb();
Verb check_verb();
Verb daemon_verb();
Verb plan_verb();
Verb status_verb();

Verb history_verb();
Verb explain_verb();
Verb cost_verb();
Verb replay_verb();
Verb logs_verb();

Verb drain_verb();
Verb undrain_verb();
Verb destroy_verb();
Verb forget_verb();
Verb adopt_verb();
Verb protect_verb();
Verb pause_verb();
Verb resume_verb();
Verb retry_verb();
Verb override_verb();
Verb ssh_verb();
Verb journal_verb();

Verb simulate_verb();
Verb tune_verb();
Verb import_trace_verb();
Verb generate_trace_verb();

Verb check_provider_verb();
Verb check_queue_verb();

Verb run_job_verb();
Verb complete_verb();

}  // namespace hydra_provisioner::app
