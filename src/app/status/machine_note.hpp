// What is to be said of a machine in its row of `status`.
#pragma once

#include <cstdint>
#include <string>

#include "model/plan.hpp"
#include "model/snapshot.hpp"
#include "pass/look.hpp"

namespace hydra_provisioner::app {

enum class Condition : std::uint8_t { good, changing, bad, resting };

struct MachineNote {
  Condition condition = Condition::good;
  std::string text{};  // empty: nothing
};

// `decided`: what the plan says of the machine; null: nothing.
MachineNote note_about(const Machine& machine, const Action* decided, const pass::Look& look);

}  // namespace hydra_provisioner::app
