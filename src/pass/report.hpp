// All that a pass saw and decided, and what became of the machines: for the metrics, and for those who are told.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "model/delivery.hpp"
#include "model/machine.hpp"
#include "model/names.hpp"
#include "model/plan.hpp"
#include "model/time.hpp"
#include "model/totals.hpp"
#include "pass/look.hpp"

namespace hydra_provisioner::pass {

struct Report {
  Look look;
  Plan plan;
  std::map<MachineId, Machine> machines;  // as the pass left them
  std::map<PoolName, Instant> waiting;    // since when steps have been waiting without interruption
  // With those of this pass, until the next one counts on: to be read before that. Null: metrics are not wanted.
  std::shared_ptr<const Totals> totals;
  observe::Creations creations{};        // how they went, those of this pass included
  Instant published_at{};                // when the present machines file was handed over; the epoch: never
  std::optional<Unpublished> trouble{};  // while the machines file cannot be published
  Instant began{};
  Instant ended{};
  std::vector<std::pair<MachineId, PoolName>> lost{};  // machines in use that were found to be gone, in this pass
  bool succeeded = false;
};

}  // namespace hydra_provisioner::pass
