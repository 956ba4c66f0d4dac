// What came of a pass, for whoever decides what to do next.
#pragma once

#include <optional>
#include <string>

#include "act/ledger.hpp"
#include "act/voice.hpp"
#include "model/plan.hpp"
#include "model/time.hpp"

namespace hydra_provisioner {

struct PassEnd {
  int exit_status = 0;                   // exit_status.hpp
  bool is_trusted = false;               // what the queue runner says
  bool is_changing = false;              // an operation is under way, or a machine about to become ready
  std::optional<Instant> reconsider_at;  // when the plan would next change by itself
  std::string summary;                   // one line: `12 machines: 9 ready, 2 creating, 1 draining`
};

PassEnd end_of_pass(const Plan& plan, Ledger& ledger, const Voice& voice);

}  // namespace hydra_provisioner
