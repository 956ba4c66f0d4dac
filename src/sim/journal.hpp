// The journal's committed state, which outlives the program, and the program's hand on it. A commit is all or nothing.
#pragma once

#include <map>
#include <vector>

#include "sim/chronicle.hpp"
#include "sim/trouble.hpp"
#include "sim/virtual_clock.hpp"
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

class SimJournal final : public state::Journal {
 public:
  SimJournal(JournalStore& store, Life& life, const Timeline& timeline, Chronicle& chronicle, const Trouble& trouble)
      : store_(store), life_(life), timeline_(timeline), chronicle_(chronicle), trouble_(trouble) {}

  io::Task<Expected<state::Memory>> load(Instant now) override;
  io::Task<Expected<void>> commit(state::Changes changes) override;
  bool keeps_passes() const override { return chronicle_.is_hashed(); }

 private:
  JournalStore& store_;
  Life& life_;
  const Timeline& timeline_;
  Chronicle& chronicle_;
  const Trouble& trouble_;
};

}  // namespace hydra_provisioner::sim
