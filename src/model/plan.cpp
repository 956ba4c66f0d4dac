#include "model/plan.hpp"

#include <algorithm>
#include <array>

namespace hydra_provisioner {

std::string_view name_of(const Action& action) {
  static constexpr std::array<std::string_view, std::variant_size_v<Action>> names{
      "create", "start", "drain", "undrain", "stop", "destroy", "redeploy", "keep"};
  return names.at(action.index());
}

const MachineId& machine_of(const Action& action) {
  return std::visit([](const auto& a) -> const MachineId& { return a.machine; }, action);
}

const PoolName& pool_of(const Action& action) {
  return std::visit([](const auto& a) -> const PoolName& { return a.pool; }, action);
}

const Reason& reason_of(const Action& action) {
  return std::visit([](const auto& a) -> const Reason& { return a.why; }, action);
}

bool has_changes(const Plan& plan) {
  return !std::ranges::all_of(plan.actions, [](const Action& action) { return std::holds_alternative<Keep>(action); });
}

}  // namespace hydra_provisioner
