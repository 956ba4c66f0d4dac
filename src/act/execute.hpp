// Carries out a plan: writes the intents to the journal, publishes the machines file, then runs the slow operations
// side by side.
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
