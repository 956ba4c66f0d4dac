// The machines of a pool as rows of a table.
#pragma once

#include <vector>

#include "app/cli/table.hpp"
#include "model/plan.hpp"
#include "pass/look.hpp"

namespace hydra_provisioner::app {

struct MachineSeen {
  const Machine* machine;
  const Action* decided;  // null: nothing
};

std::vector<TableColumn> machine_columns();

// A row for each machine. On a terminal, machines of a large pool of which the same is to be said share one.
std::vector<TableRow> machine_rows(const std::vector<MachineSeen>& machines, const pass::Look& look,
                                   const Screen& screen);

}  // namespace hydra_provisioner::app
