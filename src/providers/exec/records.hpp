// Which program makes a machine, and with which settings: STATE_DIR/exec/MACHINE.json. The record is written before the
// program is first asked for the machine, and kept until the program has destroyed it, because the configuration may
// change meanwhile.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "model/config.hpp"
#include "model/error.hpp"
#include "model/names.hpp"
#include "model/time.hpp"

namespace hydra_provisioner::providers::exec {

struct ExecRecord {
  PoolName type;
  ExecSettings program;  // without the timeout, for which the current configuration counts
};

class ExecRecords {
 public:
  ExecRecords(Tag tag, std::string folder);

  Expected<std::map<MachineId, ExecRecord>> all() const;  // of machines of the tag
  Expected<std::optional<ExecRecord>> find(const MachineId& machine) const;
  Expected<void> write(const MachineId& machine, const ExecRecord& record) const;
  Expected<void> remove(const MachineId& machine) const;

  // Written so long ago that no process can still be creating the machine.
  bool is_old(const MachineId& machine) const;

 private:
  std::string path_of(const MachineId& machine) const;

  Tag tag_;
  std::string folder_;
};

}  // namespace hydra_provisioner::providers::exec
