// Where a provider keeps what it has recorded of its machines: any process finds it there that looks after them next,
// also on another host, if several share the journal.
#pragma once

#include <map>
#include <set>
#include <string>

#include "io/async/task.hpp"
#include "model/error.hpp"
#include "model/names.hpp"

namespace hydra_provisioner::providers {

using Records = std::map<std::string, std::string>;  // of one machine: texts by name, such as "request.json"

class RecordKeeper {
 public:
  virtual ~RecordKeeper() = default;

  virtual io::Task<Expected<std::set<MachineId>>> machines() = 0;  // of the tag, with records
  // Of these. A machine without records may be missing, or have none.
  virtual io::Task<Expected<std::map<MachineId, Records>>> of(std::set<MachineId> machines) = 0;

  // What was written is there after any crash.
  virtual io::Task<Expected<void>> write(MachineId machine, std::string name, std::string text) = 0;
  // Both succeed when there is nothing to remove.
  virtual io::Task<Expected<void>> remove(MachineId machine, std::string name) = 0;
  virtual io::Task<Expected<void>> remove_all(MachineId machine) = 0;

  // Where a record is, for messages.
  virtual std::string place_of(const MachineId& machine, const std::string& name) const = 0;
};

// Files that only our own user may read: FOLDER/MACHINE_ID/NAME.
class FolderKeeper final : public RecordKeeper {
 public:
  FolderKeeper(Tag tag, std::string folder);

  io::Task<Expected<std::set<MachineId>>> machines() override;
  io::Task<Expected<std::map<MachineId, Records>>> of(std::set<MachineId> machines) override;
  io::Task<Expected<void>> write(MachineId machine, std::string name, std::string text) override;
  io::Task<Expected<void>> remove(MachineId machine, std::string name) override;
  io::Task<Expected<void>> remove_all(MachineId machine) override;
  std::string place_of(const MachineId& machine, const std::string& name) const override;

 private:
  std::string folder_of(const MachineId& machine) const;

  Tag tag_;
  std::string folder_;
};

// Copies all records to where there are none, or some of the same: after a crash it can be done again. What was written
// is compared.
io::Task<Expected<void>> copy_records(RecordKeeper& from, RecordKeeper& to);

}  // namespace hydra_provisioner::providers
