#include "review/builders.hpp"

#include <algorithm>
#include <utility>

#include "config/load.hpp"
#include "model/machine.hpp"
#include "model/queue.hpp"
#include "model/system_type.hpp"

namespace hydra_provisioner::review {

Builders::Builders(std::vector<state::Residence> residences) {
  for (state::Residence& each : residences) by_name_[name_at(each.address)].push_back(std::move(each));
}

std::set<std::string> Builders::features(const std::string& machine, Instant time) const {
  const auto owners = by_name_.find(name_in_machines_file(machine));
  if (owners == by_name_.end()) return {};
  const auto owner = std::ranges::find_if(owners->second, [time](const state::Residence& each) {
    return each.from <= time && (!each.until || time <= *each.until);
  });
  if (owner == owners->second.end()) return {};
  if (const auto pool = config::read_pool(owner->pool.text, owner->settings_json)) return pool->type.mandatory_features;
  return parse_system_type(owner->pool.text).value_or(MachineKind{}).mandatory_features;
}

}  // namespace hydra_provisioner::review
