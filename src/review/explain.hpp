// Why a machine exists or why none is created, and what would change that.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "review/history.hpp"
#include "review/known_names.hpp"
#include "review/limits.hpp"
#include "review/replay.hpp"
#include "state/archive.hpp"

namespace hydra_provisioner::review {

struct Change {
  std::string what;
  std::string result;  // empty: it would change nothing
};

struct Explanation {
  std::string name;
  std::string headline{};              // what the machine or type does, and why
  std::optional<ReasonCode> code{};    // of that
  std::vector<std::string> binding{};  // of a type: what holds it back
  std::vector<Limit> limits{};         // of a type
  std::vector<Event> events{};         // of a machine
  std::vector<Event> since{};          // what has happened since the pass
  std::vector<Change> changes{};
};

Explanation explain_type(const PoolName& name, const Replayed& pass);
// Of a step type as the queue runner writes it: none, if the status of the pass does not have it.
std::optional<Explanation> explain_step_type(const std::string& key, const Replayed& pass);
Explanation explain_machine(const MachineId& id, const Replayed& pass, std::vector<Event> events);

// Of what has this name: a machine, a type, or a step type that the pass saw in the queue. `kind` is what look_up()
// says.
Expected<Explanation> explain(const state::Archive& archive, const std::string& name, const Expected<Known>& kind,
                              const state::ArchivedPass& pass, const Replayed& replayed);
// What has happened to it since the pass.
std::vector<Event> events_after(const state::Archive& archive, const std::string& name,
                                const state::ArchivedPass& pass);

nlohmann::json explanation_document(const Explanation& explanation, const state::ArchivedPass& pass);
std::string explanation_text(const Explanation& explanation, const state::ArchivedPass& pass);

}  // namespace hydra_provisioner::review
