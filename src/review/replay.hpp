// Decides again what a recorded pass decided, from what it saw, and compares.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "model/config.hpp"
#include "model/plan.hpp"
#include "state/archive.hpp"

namespace hydra_provisioner::review {

struct Replayed {
  state::Inputs inputs;
  Plan plan;
  state::Facts recorded{};  // everything that the journal has of the pass
  bool is_equal = false;    // the plan is the recorded one, byte for byte
};
Expected<Replayed> replay_pass(const state::Archive& archive, const state::ArchivedPass& pass);

// The pass of this number or `latest`, and the latest pass that had begun by then. The message of an error says which
// passes there are.
Expected<state::ArchivedPass> find_pass(const state::Archive& archive, const std::string& number);
Expected<state::ArchivedPass> find_pass(const state::Archive& archive, Instant time);

// The recorded decisions that this version makes differently, one line each.
std::vector<std::string> differences_from_record(const Replayed& replayed);

// A pass with this plan.
nlohmann::json pass_document(const state::ArchivedPass& pass, const Plan& plan);
// The same, with whether and where it differs from the recorded one.
nlohmann::json replay_document(const state::ArchivedPass& pass, const Replayed& replayed);

// What the pass would have decided with this configuration. A pool that the configuration does not have is retired.
Plan plan_with(const Config& config, state::Inputs inputs);

// A machine for which two plans decide differently. Null: the plan decides nothing for it.
struct Difference {
  MachineId machine;
  const Action* was;
  const Action* would_be;
};

// They point into the plans.
std::vector<Difference> differences_between(const Plan& was, const Plan& would_be);
// "drain: surplus"; without an action, the word for none.
std::string described(const Action* action, std::string_view none);

nlohmann::json differences_document(const std::vector<Difference>& differences);
std::string differences_text(const std::vector<Difference>& differences);

}  // namespace hydra_provisioner::review
