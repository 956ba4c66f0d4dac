// Does what a plan says: intents into the journal, the machines file, then the slow operations, side by side.
#pragma once

#include "act/care.hpp"
#include "act/ledger.hpp"
#include "act/operations.hpp"
#include "act/publication.hpp"
#include "act/voice.hpp"
#include "io/async/task.hpp"
#include "model/config.hpp"
#include "model/plan.hpp"

namespace hydra_provisioner::act {

io::Task<void> carry_out(const Plan& plan, const Config& config, Ledger& ledger, Publication& publication,
                         Operations& operations, Care& care, Voice& voice);

}  // namespace hydra_provisioner::act
