// Deciding again what a recorded pass decided.
#pragma once

#include <string>
#include <vector>

#include "model/plan.hpp"
#include "state/archive.hpp"

namespace hydra_provisioner::review {

struct Replayed {
  state::Inputs inputs;
  Plan plan;
  state::Facts recorded{};  // all of the pass's
  bool is_equal = false;    // byte for byte to what was decided then
};
Expected<Replayed> replay_pass(const state::Archive& archive, const state::ArchivedPass& pass);

// The pass of this number, `latest`, or the latest that had begun by then; the message says which there are.
Expected<state::ArchivedPass> find_pass(const state::Archive& archive, const std::string& number);
Expected<state::ArchivedPass> find_pass(const state::Archive& archive, Instant time);

// What would be decided differently now, one line each.
std::vector<std::string> differences(const Replayed& replayed);

}  // namespace hydra_provisioner::review
