// A plan and a status as text, for people: printable, apart from the colours.
#pragma once

#include <string>

#include "model/plan.hpp"
#include "pass/look.hpp"

namespace hydra_provisioner::app {

std::string plan_text(const Plan& plan, bool color);
std::string status_text(const pass::Look& look, const Plan& plan, bool color);

}  // namespace hydra_provisioner::app
