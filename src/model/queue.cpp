#include "model/queue.hpp"

namespace hydra_provisioner {

const QueueMachine* entry_of(const QueueStatus& status, const std::string& queue_name) {
  if (!status.machines) return nullptr;
  const auto entry = status.machines->find(queue_name);
  return entry == status.machines->end() ? nullptr : &entry->second;
}

}  // namespace hydra_provisioner
