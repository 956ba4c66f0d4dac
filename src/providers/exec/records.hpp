// Which program makes a machine, and with which settings: STATE_DIR/exec/MACHINE.json, written before the program is
// first asked for the machine, and kept until it has destroyed it. The configuration may have changed by then.
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
  ExecSettings program;  // the timeout is not kept: it is the configured one
};

class ExecRecords {
 public:
  ExecRecords(Tag tag, std::string folder);

  Expected<std::map<MachineId, ExecRecord>> all() const;  // of the tag
  Expected<std::optional<ExecRecord>> find(const MachineId& machine) const;
  Expected<void> write(const MachineId& machine, const ExecRecord& record) const;
  Expected<void> remove(const MachineId& machine) const;

  // Written so long ago that nobody can be at its creation any more.
  bool is_old(const MachineId& machine) const;

 private:
  std::string path_of(const MachineId& machine) const;

  Tag tag_;
  std::string folder_;
};

}  // namespace hydra_provisioner::providers::exec
