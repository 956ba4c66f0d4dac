// A plan and a status as JSON, for programs: formatVersion 1; keys may be added, none is removed.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "model/plan.hpp"
#include "pass/look.hpp"

namespace hydra_provisioner::pass {

nlohmann::json plan_document(const Plan& plan);
// Without what later versions have added: the journal's records are made of it, so that they can be compared.
nlohmann::json recorded_plan(const Plan& plan);
nlohmann::json status_document(const Look& look, const Plan& plan);

}  // namespace hydra_provisioner::pass
