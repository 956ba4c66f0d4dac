// What a pass tells whoever watches, and what it leaves in the journal.
#pragma once

#include <string>
#include <vector>

#include "act/ledger.hpp"
#include "act/voice.hpp"
#include "app/look.hpp"
#include "model/plan.hpp"
#include "state/journal.hpp"

namespace hydra_provisioner {

// The plan's numbers and warnings; its actions are told as they happen.
void tell(const Plan& plan, Voice& voice);

std::vector<RecordedPool> recorded(const Config& config);
PassRecord pass_record(const Look& look, const Plan& plan, Instant start, Instant end);

}  // namespace hydra_provisioner
