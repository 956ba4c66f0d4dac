#include "review/explain.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "decide/plan.hpp"
#include "io/text/json.hpp"
#include "io/text/local_time.hpp"
#include "io/text/printable.hpp"
#include "review/variations.hpp"

namespace hydra_provisioner::review {
namespace {

const PoolPlan* find_pool(const Plan& plan, const PoolName& name) {
  const auto found = std::ranges::find(plan.pools, name, &PoolPlan::name);
  return found == plan.pools.end() ? nullptr : &*found;
}

const Action* find_action(const Plan& plan, const MachineId& machine) {
  const auto found = std::ranges::find(plan.actions, machine, &Action::machine);
  return found == plan.actions.end() ? nullptr : &*found;
}

// "3 allowed; create 2, drain 1"
std::string outcome(const Plan& plan, const PoolName& name) {
  const PoolPlan* pool = find_pool(plan, name);
  std::map<std::string_view, int> counts;
  for (const Action& action : plan.actions) {
    if (action.pool == name) ++counts[to_string(action.kind)];
  }
  std::vector<std::string> parts;
  parts.reserve(counts.size());
  for (const auto& [verb, count] : counts) parts.push_back(fmt::format("{} {}", verb, count));
  std::string text = fmt::format("{} allowed; {}", pool == nullptr ? 0 : pool->target,
                                 parts.empty() ? "nothing to do" : fmt::format("{}", fmt::join(parts, ", ")));
  if (pool != nullptr && !pool->notes.empty()) text += fmt::format("; but {}", fmt::join(pool->notes, "; "));
  return text;
}

// What holds the type back, each with its numbers.
std::vector<std::string> binding_limits(const PoolPlan& pool, const Replayed& pass) {
  std::vector<std::string> limits = pool.notes;
  if (pass.plan.untrusted) limits.push_back(fmt::format("the status is not trusted: {}", *pass.plan.untrusted));
  const auto configured = pass.inputs.config.pools.find(pool.name);
  if (configured == pass.inputs.config.pools.end()) {
    limits.emplace_back("it is not configured any more");
    return limits;
  }
  if (pass.plan.untrusted) return limits;
  if (pool.wanted > pool.target) limits.push_back(fmt::format("maxMachines {}", pool.target));
  if (pool.wanted < pool.target) limits.push_back(fmt::format("minMachines {}", pool.target));
  if (pool.runnable == 0) limits.emplace_back("nothing waits");
  if (pool.runnable > 0 && pool.runnable <= pool.ignored)
    limits.push_back(fmt::format("ignoredRunnables {}: no more than these wait", pool.ignored));
  return limits;
}

}  // namespace

Explanation explain_type(const PoolName& name, const Replayed& pass) {
  const PoolPlan* pool = find_pool(pass.plan, name);
  Explanation explanation{.name = name.text, .headline = "neither configured nor with machines then"};
  if (pool == nullptr) return explanation;
  const std::string now = outcome(pass.plan, name);
  explanation.headline = fmt::format("{}\n  {}", pool->explanation, now);
  explanation.binding = binding_limits(*pool, pass);
  for (const Variation& variation : variations_for(name, pass.inputs, pass.plan)) {
    const std::string would_be = outcome(decide::plan(variation.inputs.seen, variation.inputs.config), name);
    explanation.changes.push_back({variation.what, would_be == now ? "" : would_be});
  }
  return explanation;
}

Explanation explain_machine(const MachineId& id, const Replayed& pass, std::vector<Event> events) {
  Explanation explanation{.name = id.text, .headline = "did not exist then", .events = std::move(events)};
  const Action* now = find_action(pass.plan, id);
  const auto machine = std::ranges::find(pass.inputs.seen.machines, id, &Machine::id);
  if (now != nullptr) explanation.headline = described(now, "nothing");
  if (machine == pass.inputs.seen.machines.end()) return explanation;
  explanation.headline = fmt::format("{} since {}; {}", to_string(machine->state), io::local_time(machine->since),
                                     described(now, "nothing"));
  auto all = variations_for(*machine, pass.inputs, pass.plan);
  std::ranges::move(variations_for(machine->pool, pass.inputs, pass.plan), std::back_inserter(all));
  for (const Variation& variation : all) {
    const Plan varied = decide::plan(variation.inputs.seen, variation.inputs.config);
    const Action* would_be = find_action(varied, id);
    const bool is_same = now != nullptr && would_be != nullptr && now->kind == would_be->kind;
    explanation.changes.push_back({variation.what, is_same ? "" : described(would_be, "nothing")});
  }
  return explanation;
}

nlohmann::json explanation_document(const Explanation& explanation, const state::ArchivedPass& pass) {
  io::Json events = io::Json::array();
  for (const Event& event : explanation.events)
    events.push_back({{"time", to_unix(event.time)}, {"event", event.what}, {"reason", event.reason}});
  io::Json changes = io::Json::array();
  for (const auto& [what, result] : explanation.changes)
    changes.push_back({{"what", what}, {"changes", !result.empty()}, {"result", result}});
  return {{"formatVersion", 1},          {"name", explanation.name},     {"pass", pass.number},
          {"time", to_unix(pass.start)}, {"now", explanation.headline},  {"binding", explanation.binding},
          {"events", std::move(events)}, {"changes", std::move(changes)}};
}

std::string explanation_text(const Explanation& explanation, const state::ArchivedPass& pass) {
  std::string text = fmt::format("{}, as of pass {}, {}\n  {}\n", explanation.name, pass.number,
                                 io::local_time(pass.start), explanation.headline);
  for (const std::string& limit : explanation.binding) text += fmt::format("  ! {}\n", io::printable_line(limit));
  if (!explanation.events.empty()) text += "What happened:\n";
  for (const Event& event : explanation.events)
    text += fmt::format("  {}  {:<10} {}\n", io::local_time(event.time), event.what, io::printable_line(event.reason));
  if (!explanation.changes.empty()) text += "What would change it:\n";
  for (const auto& [what, result] : explanation.changes)
    text += fmt::format("  {:<40} {}\n", what, result.empty() ? "nothing would change" : io::printable_line(result));
  return text;
}

}  // namespace hydra_provisioner::review
