#include "app/report.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/documents.hpp"
#include "io/json.hpp"

namespace hydra_provisioner {

void tell(const Plan& plan, Voice& voice) {
  if (plan.untrusted) {
    voice.warning(
        fmt::format("the status is not trusted: {}; nothing is drained, and nothing stopped or destroyed that needs "
                    "proof of idleness",
                    *plan.untrusted));
  }
  for (const PoolPlan& pool : plan.pools) {
    voice.detail(fmt::format("{}: {}", pool.name, pool.sum));
    for (const std::string& note : pool.notes) voice.warning(fmt::format("{}: {}", pool.name, note));
  }
  for (const Unplaceable& steps : plan.unplaceable) {
    voice.warning(fmt::format("{} runnable steps of type {} fit no configured type", steps.runnable, steps.step_type));
  }
  for (const Action& action : plan.actions) {
    if (std::holds_alternative<Keep>(action))
      voice.detail(fmt::format("{}: kept: {}", machine_of(action), reason_of(action).text));
  }
}

std::vector<RecordedPool> recorded(const Config& config) {
  std::vector<RecordedPool> pools;
  pools.reserve(config.pools.size());
  for (const auto& [name, pool] : config.pools) {
    pools.push_back({.name = name, .provider = pool.kind(), .settings_json = pool.settings_json});
  }
  return pools;
}

PassRecord pass_record(const Look& look, const Plan& plan, Instant start, Instant end) {
  return {.start = start,
          .duration = end - start,
          .inputs_json = compact(status_document(look, plan)),
          .plan_json = compact(plan_document(plan))};
}

}  // namespace hydra_provisioner
