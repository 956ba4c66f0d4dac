#include "app/report.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/documents.hpp"
#include "app/usage.hpp"
#include "io/json.hpp"
#include "state/pass_rows.hpp"

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

Facts decided(const Json& plan_document) {
  Facts facts;
  const auto add = [&](std::string name, const Json& what) {
    while (!facts.emplace(name, compact(what)).second) name += "'";  // two pools of one name, one of them retired
  };
  for (const Json& pool : plan_document.at("pools"))
    add("decided/pool/" + pool.at("name").get_ref<const std::string&>(), pool);
  for (const Json& action : plan_document.at("actions")) {
    if (action.at("action") == "keep") continue;
    add("decided/action/" + action.at("machine").get_ref<const std::string&>(), action);
  }
  return facts;
}

PassRecord pass_record(const Look& look, const Config& config, const Plan& plan, Instant last_pass, Instant start,
                       Instant end) {
  const Json document = plan_document(plan);
  PassRecord record{.start = start, .duration = end - start, .clocks_json = clocks_of(look.seen)};
  record.facts = facts_of(look.seen, config);
  record.facts.merge(decided(document));
  record.plan_hash = hash_of(compact(document));
  record.trouble = plan.untrusted ? fmt::format("status not trusted: {}", *plan.untrusted) : "";
  for (const std::string& problem : look.problems) record.trouble += (record.trouble.empty() ? "" : "; ") + problem;
  const Seconds span = last_pass == Instant{} ? Seconds{0} : std::max(start - last_pass, Seconds{0});
  if (span <= usage_gap_max) {
    record.usage = usage_of(look.seen, config, span);
  } else {
    record.unknown = span;
  }
  return record;
}

}  // namespace hydra_provisioner
