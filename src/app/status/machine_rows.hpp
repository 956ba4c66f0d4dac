// What `status` and the page show of machines, one or several in a row.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/cli/table.hpp"
#include "app/status/machine_note.hpp"
#include "model/plan.hpp"
#include "model/time.hpp"
#include "pass/look.hpp"

namespace hydra_provisioner::app {

struct MachineSeen {
  const Machine* machine;
  const Action* decided;  // null: nothing
};

struct MachineRow {
  std::vector<const Machine*> machines;  // at least one; if there are more, they are alike in state, listing and note
  MachineNote note{};
  Seconds state_for{};                 // since when it is in its state; of several, the longest
  std::optional<std::int64_t> jobs{};  // of all of them; none: not known, or they can have none
  std::optional<Seconds> idle{};       // of several, the longest; none: they are busy, or that is not known

  bool is_group() const { return machines.size() > 1; }
  const Machine& first() const { return *machines.front(); }
};

// A row for each machine.
std::vector<MachineRow> machine_rows(const std::vector<MachineSeen>& machines, const pass::Look& look);
// Those of a large pool of which the same is to be said share one.
std::vector<MachineRow> grouped(std::vector<MachineRow> rows);

// The cells of a row.
struct MachineTexts {
  std::string name;  // "37 machines"
  std::string_view state;
  std::string since;   // "5 min", "≤ 2 h 10 min"
  std::string listed;  // "listed", "-"
  std::string jobs;
  std::string idle;
  std::string address;
  std::string note;
};
MachineTexts texts_of(const MachineRow& row);

// As a table of a terminal.
std::vector<TableColumn> machine_columns();
std::vector<TableRow> table_rows(const std::vector<MachineRow>& rows);

}  // namespace hydra_provisioner::app
