// What the reading verbs print: JSON for programs (formatVersion 1: keys may come, none goes), text for people.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "app/look.hpp"
#include "model/plan.hpp"

namespace hydra_provisioner {

nlohmann::json plan_document(const Plan& plan);
nlohmann::json status_document(const Look& look, const Plan& plan);

std::string plan_text(const Plan& plan, bool color);
std::string status_text(const Look& look, const Plan& plan, bool color);

}  // namespace hydra_provisioner
