#include "model/queue.hpp"

#include <algorithm>
#include <string_view>

namespace hydra_provisioner {

std::string name_in_machines_file(std::string_view key) {
  for (const std::string_view scheme : {"ssh://", "ssh-ng://"}) {
    if (!key.starts_with(scheme)) continue;
    key.remove_prefix(scheme.size());
    break;
  }
  key = key.substr(0, key.find('?'));
  const auto host_start = key.rfind('@') + 1;  // 0 without a user
  std::string_view host = key.substr(host_start);
  if (host.size() > 2 && host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return std::string(key.substr(0, host_start)).append(host);
}

std::int64_t jobs_on(const QueueMachine& entry) {
  return std::max(entry.current_jobs.value_or(0), entry.steps_under_way.value_or(0));
}

const QueueMachine* entry_of(const QueueStatus& status, const std::string& name) {
  if (!status.machines) return nullptr;
  const auto entry = status.machines->find(name);
  return entry == status.machines->end() ? nullptr : &entry->second;
}

std::string name_in(const QueueStatus& status, const Machine& machine) {
  return status.machines_join ? machine.id.text : queue_name(machine);
}

const QueueMachine* entry_of(const QueueStatus& status, const Machine& machine) {
  return entry_of(status, name_in(status, machine));
}

}  // namespace hydra_provisioner
