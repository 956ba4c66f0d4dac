// What a pass reports, and what it leaves in the journal.
#pragma once

#include <map>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "act/ledger.hpp"
#include "act/voice.hpp"
#include "model/plan.hpp"
#include "pass/look.hpp"
#include "state/journal.hpp"

namespace hydra_provisioner::pass {

// The plan's numbers and warnings; its actions are told as they happen.
void tell(const Plan& plan, act::Voice& voice);

// Those that the journal does not know yet, or not as they are now.
std::vector<state::RecordedPool> changed_pools(const Config& config, const std::vector<state::RecordedPool>& known);

// What the journal keeps of a plan's JSON: all but the machines that are kept as they are, which replaying finds again.
state::Facts decided(const nlohmann::json& plan);

// How long steps take, where a decision uses that and it has changed: the queue runner forgets it when it restarts.
std::map<PoolName, Millis> all_step_times(const Snapshot& seen, const Config& config);  // as far as known
std::map<PoolName, Millis> new_step_times(const Snapshot& seen, const Config& config);

// Of a pass as a whole: how long it took, whether it failed, and what the machines were used for and cost.
void count_pass(Totals& totals, const state::PassRecord& pass, const Config& config, Millis duration, bool succeeded);

// `waiting` as in Report, and `last_pass` as in Memory.
state::PassRecord pass_record(const Look& look, const Config& config, const Plan& plan,
                              const std::map<PoolName, Instant>& waiting, Instant last_pass, Instant start,
                              Instant end);

}  // namespace hydra_provisioner::pass
