#include "pass/record.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "decide/outlook.hpp"
#include "io/text/hash.hpp"
#include "io/text/json.hpp"
#include "model/counted.hpp"
#include "pass/documents.hpp"
#include "pass/usage.hpp"

namespace hydra_provisioner::pass {
namespace {

// Longer than this without a pass, it is not known what the machines did.
constexpr Seconds usage_gap_max{3600};

}  // namespace

void tell(const Plan& plan, act::Voice& voice) {
  if (plan.untrusted) {
    voice.warning(
        fmt::format("the status is not trusted: {}; nothing is drained, and nothing stopped or destroyed that needs "
                    "proof of idleness",
                    *plan.untrusted));
  }
  for (const std::string& note : plan.notes) voice.warning(note);
  for (const PoolPlan& pool : plan.pools) {
    voice.detail(fmt::format("{}: {}", pool.name, pool.explanation));
    for (const std::string& note : pool.notes) voice.warning(fmt::format("{}: {}", pool.name, note));
  }
  for (const Unplaceable& steps : plan.unplaceable) {
    voice.warning(fmt::format("{} of type {} {} no configured type", counted(steps.runnable, "runnable step"),
                              steps.step_type, steps.runnable == 1 ? "fits" : "fit"));
  }
  for (const Action& action : plan.actions) {
    if (action.kind == ActionKind::keep) voice.detail(fmt::format("{}: kept: {}", action.machine, action.reason.text));
  }
}

std::vector<state::RecordedPool> changed_pools(const Config& config, const std::vector<state::RecordedPool>& known) {
  std::vector<state::RecordedPool> pools;
  for (const auto& [name, pool] : config.pools) {
    state::RecordedPool now{.name = name, .provider = pool.kind(), .settings_json = pool.settings_json};
    if (std::ranges::find(known, now) == known.end()) pools.push_back(std::move(now));
  }
  return pools;
}

state::Facts decided(const io::Json& plan) {
  state::Facts facts;
  const auto add = [&](std::string name, const io::Json& what) {
    while (!facts.emplace(name, io::compact(what)).second) name += "'";  // two pools of one name, one of them retired
  };
  for (const io::Json& pool : plan.at("pools"))
    add("decided/pool/" + pool.at("name").get_ref<const std::string&>(), pool);
  for (const io::Json& action : plan.at("actions")) {
    if (action.at("action") == "keep") continue;
    add("decided/action/" + action.at("machine").get_ref<const std::string&>(), action);
  }
  return facts;
}

std::map<PoolName, Millis> all_step_times(const Snapshot& seen, const Config& config) {
  std::map<PoolName, Millis> times = seen.step_times;
  for (const auto& [name, pool] : config.pools) {
    if (const auto time = seen.queue ? decide::step_time(pool, *seen.queue) : std::nullopt)
      times.insert_or_assign(name, *time);
  }
  return times;
}

std::map<PoolName, Millis> new_step_times(const Snapshot& seen, const Config& config) {
  std::map<PoolName, Millis> times;
  for (const auto& [name, pool] : config.pools) {
    if (!seen.queue || pool.scaling != Scaling::work) continue;
    const auto time = decide::step_time(pool, *seen.queue);
    const auto known = seen.step_times.find(name);
    if (time && (known == seen.step_times.end() || known->second != *time)) times.emplace(name, *time);
  }
  return times;
}

void count_pass(Totals& totals, const state::PassRecord& pass, const Config& config, Millis duration, bool succeeded) {
  measure(totals, Total::pass_duration, {}, std::chrono::duration<double>(duration).count());
  count(totals, Total::pass_failures, {}, succeeded ? 0 : 1);
  for (const state::Usage& usage : pass.usage) {
    for (std::size_t use = 0; use < names_of<Use>.size(); ++use) {
      const Seconds span = time_of(usage, static_cast<Use>(use));
      if (span == Seconds{0}) continue;
      const std::string name(names_of<Use>.at(use));
      count(totals, Total::machine_seconds, {usage.pool.text, name}, static_cast<double>(span.count()));
      if (const auto cost = cost_of(usage, static_cast<Use>(use)))
        count(totals, Total::cost, {usage.pool.text, name, config.currency}, *cost);
    }
  }
}

state::PassRecord pass_record(const Look& look, const Config& config, const Plan& plan,
                              const std::map<PoolName, Instant>& waiting, Instant last_pass, Instant start,
                              Instant end) {
  const io::Json document = recorded_plan(plan);
  state::PassRecord record{.start = start, .duration = end - start, .clocks_json = state::clocks_of(look.seen)};
  record.history = std::chrono::days{config.history_days};
  record.facts = state::facts_of(look.seen, config);
  record.facts.merge(decided(document));
  record.plan_hash = io::fnv1a(io::compact(document));
  record.trouble = plan.untrusted ? fmt::format("status not trusted: {}", *plan.untrusted) : "";
  for (const std::string& problem : look.problems) record.trouble += (record.trouble.empty() ? "" : "; ") + problem;
  const Seconds span = last_pass == Instant{} ? Seconds{0} : std::max(start - last_pass, Seconds{0});
  if (span <= usage_gap_max) {
    record.usage = usage_of(look.seen, config, span);
    record.load = load_of(record.usage, plan, waiting, span);
  } else {
    record.unknown = span;
  }
  return record;
}

}  // namespace hydra_provisioner::pass
