#include "app/verbs/verbs.hpp"

namespace hydra_provisioner::app {

const std::vector<Verb>& all_verbs() {
  static const std::vector<Verb> verbs{
      pass_verb(),         check_verb(),          daemon_verb(),         plan_verb(),
      status_verb(),       history_verb(),        explain_verb(),        cost_verb(),
      replay_verb(),       logs_verb(),           drain_verb(),          undrain_verb(),
      destroy_verb(),      forget_verb(),         adopt_verb(),          protect_verb(),
      pause_verb(),        resume_verb(),         retry_verb(),          override_verb(),
      ssh_verb(),          journal_verb(),        simulate_verb(),       tune_verb(),
      import_trace_verb(), generate_trace_verb(), check_provider_verb(), check_queue_verb(),
      run_job_verb(),      complete_verb(),
  };
  return verbs;
}

}  // namespace hydra_provisioner::app
