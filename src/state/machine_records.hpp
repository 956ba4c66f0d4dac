// What providers have recorded of their machines, in a journal that hosts share. Calls block.
#pragma once

#include <atomic>
#include <map>
#include <set>
#include <string>
#include <type_traits>

#include "model/error.hpp"
#include "model/names.hpp"
#include "state/hosts.hpp"
#include "state/place.hpp"

namespace hydra_provisioner::state {

using NamedTexts = std::map<std::string, std::string>;

// One connection after another. Calls end early once `give_up` is true.
class MachineRecords {
 public:
  MachineRecords(JournalPlace place, const std::atomic<bool>& give_up);

  Expected<std::set<MachineId>> machines() const;
  Expected<std::map<MachineId, NamedTexts>> of(const std::set<MachineId>& machines) const;

  // These fail if another host has led since the lead began, and then it cannot go on before they have ended.
  Expected<void> write(const Lead& lead, const MachineId& machine, const std::string& name,
                       const std::string& text) const;
  Expected<void> remove(const Lead& lead, const MachineId& machine, const std::string& name) const;
  Expected<void> remove_all(const Lead& lead, const MachineId& machine) const;

 private:
  template <class Read>
  std::invoke_result_t<Read, Database&> reading(Read read) const;
  template <class Change>
  Expected<void> changing(const Lead& lead, Change change) const;

  JournalPlace place_;
  const std::atomic<bool>& give_up_;
};

}  // namespace hydra_provisioner::state
