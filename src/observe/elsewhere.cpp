#include "observe/elsewhere.hpp"

#include <string>

namespace hydra_provisioner::observe {

std::set<MachineKind> kinds_elsewhere(const QueueStatus& status, const std::vector<Machine>& ours) {
  std::set<MachineKind> kinds;
  if (!status.machines) return kinds;
  std::set<std::string> our_names;
  for (const Machine& machine : ours) our_names.insert(name_in(status, machine));
  for (const auto& [name, entry] : *status.machines) {
    const bool is_used = entry.enabled == true && !name.ends_with(placeholder_domain);
    if (is_used && entry.kind && !our_names.contains(name)) kinds.insert(*entry.kind);
  }
  return kinds;
}

}  // namespace hydra_provisioner::observe
