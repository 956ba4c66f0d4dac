// A plan and a status as text, for people: printable, apart from the colours.
#pragma once

#include <string>

#include "model/plan.hpp"
#include "pass/look.hpp"

namespace hydra_provisioner::app {

// The machines under our tag that are not ours.
std::string foreign_text(const observe::Fleet& fleet, bool color);

std::string plan_text(const Plan& plan, bool color);
std::string status_text(const pass::Look& look, const Plan& plan, bool color);

}  // namespace hydra_provisioner::app
