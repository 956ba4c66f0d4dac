#include "app/pass_end.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/exit_status.hpp"

namespace hydra_provisioner {
namespace {

// One that waits for its next attempt changes nothing for now.
bool is_changing(const Machine& machine) {
  return machine.under_way || (is_coming(machine) && !machine.needs_redeploy);
}

std::string summary_of(const std::vector<Machine*>& machines, const Plan& plan) {
  std::map<MachineState, std::int64_t> counts;
  for (const Machine* machine : machines) ++counts[machine->state];
  counts.erase(MachineState::gone);
  std::int64_t all = 0;
  std::vector<std::string> parts;
  for (const auto& [state, count] : counts) {
    all += count;
    parts.push_back(fmt::format("{} {}", count, to_string(state)));
  }
  return fmt::format("{} {}{}{}{}", all, all == 1 ? "machine" : "machines", parts.empty() ? "" : ": ",
                     fmt::join(parts, ", "), plan.untrusted ? "; the status is not trusted: " + *plan.untrusted : "");
}

}  // namespace

PassEnd end_of_pass(const Plan& plan, Ledger& ledger, const Voice& voice) {
  PassEnd end{.exit_status = exit_status::done,
              .is_trusted = !plan.untrusted,
              .reconsider_at = plan.reconsider_at,
              .summary = summary_of(ledger.all(), plan)};
  end.is_changing = std::ranges::any_of(ledger.all(), [](const Machine* machine) { return is_changing(*machine); });
  if (!end.is_trusted) end.exit_status = exit_status::untrusted_status;
  if (voice.had_problems()) end.exit_status = exit_status::failed;
  return end;
}

}  // namespace hydra_provisioner
