// The journal's committed state, which outlives the program.
#pragma once

#include <map>
#include <vector>

#include "state/journal.hpp"

namespace hydra_provisioner::sim {

class JournalStore {
 public:
  state::Memory read(Instant now) const;
  void write(state::Changes changes);
  const Orders& orders() const { return orders_; }
  void forget_orders() { orders_.clear(); }
  const Machine* find(const MachineId& machine) const;  // null: it was never written

 private:
  std::map<std::int64_t, Machine> machines_;  // by number
  std::map<std::int64_t, Machine> gone_;
  std::vector<state::RecordedPool> pools_;
  std::map<PoolName, CreationRecord> creations_;
  std::vector<state::JournalEvent> failures_;
  Orders orders_;
  std::optional<LastDelivery> last_delivery_;
  Instant last_pass_;
};

}  // namespace hydra_provisioner::sim
