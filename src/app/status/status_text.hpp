// What `status` shows to people: printable, apart from the colours.
#pragma once

#include <optional>
#include <string>

#include "app/cli/screen.hpp"
#include "app/health.hpp"
#include "app/inputs/last_pass.hpp"
#include "model/plan.hpp"
#include "pass/look.hpp"

namespace hydra_provisioner::app {

struct StatusReport {
  const pass::Look& look;
  const Plan& plan;
  const LastPass& last_pass;
  Grade grade = Grade::fine;
  Seconds interval{};
  std::optional<Instant> waiting_since{};  // steps have waited without a break since then; none: none did
};

std::string status_text(const StatusReport& report, const Screen& screen);

}  // namespace hydra_provisioner::app
