// What `status` shows to people: printable, apart from the colours.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "app/cli/screen.hpp"
#include "app/health.hpp"
#include "app/inputs/last_pass.hpp"
#include "app/status/machine_rows.hpp"
#include "model/plan.hpp"
#include "pass/look.hpp"

namespace hydra_provisioner::app {

struct StatusReport {
  const pass::Look& look;
  const Plan& plan;
  const LastPass& last_pass;
  Grade grade = Grade::fine;
  Seconds interval{};
  std::string currency{};                  // of prices; empty: not given
  std::optional<Instant> waiting_since{};  // steps have waited without a break since then; none: none did
};

// What they cost now: "1.20 per hour, 2 machines without a price". Empty: no type has a price.
std::string hourly_cost_text(const pass::Look& look, const std::string& currency);

// Each order that is in force: "pause, until 2026-01-15 12:00:00 CET, by an operator (alice)"
std::vector<std::string> orders_in_force(const Snapshot& seen);

using MachinesByPool = std::map<PoolName, std::vector<MachineSeen>>;
MachinesByPool machines_by_pool(const pass::Look& look, const Plan& plan);

std::string status_text(const StatusReport& report, const Screen& screen);

}  // namespace hydra_provisioner::app
