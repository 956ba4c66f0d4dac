// What outlives the program: the folder with the machines file, and the committed state of the journal.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "model/time.hpp"
#include "state/journal.hpp"

namespace hydra_provisioner::sim {

// What the queue runner compares to find that a file has changed.
struct FileStamp {
  std::uint64_t inode = 0;
  Instant changed_at;

  friend bool operator==(const FileStamp&, const FileStamp&) = default;
};

struct MachinesFileOnDisk {
  std::string content;
  FileStamp stamp;
};

struct Disk {
  std::optional<MachinesFileOnDisk> machines_file;
  std::uint64_t inodes = 0;
  std::function<void()> on_change = [] {};  // of the machines file
};

class JournalStore {
 public:
  state::Memory read(Instant now) const;
  void write(state::Changes changes);
  void forget_orders() { orders_.clear(); }
  const Machine* find(const MachineId& machine) const;              // null: it was never written
  std::set<MachineId> other_than(const JournalStore& other) const;  // machines that it has otherwise

 private:
  std::map<std::int64_t, Machine> machines_;  // by number
  std::map<std::int64_t, Machine> gone_;
  std::vector<state::RecordedPool> pools_;
  std::map<PoolName, CreationRecord> creations_;
  std::vector<state::JournalEvent> failures_;
  Orders orders_;
  std::optional<LastDelivery> last_delivery_;
  std::map<PoolName, Millis> step_times_;
  std::map<PoolName, state::StepSamples> step_samples_;
  Instant last_pass_;
};

}  // namespace hydra_provisioner::sim
