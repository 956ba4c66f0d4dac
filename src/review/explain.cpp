#include "review/explain.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "config/settings.hpp"
#include "decide/demand.hpp"
#include "decide/plan.hpp"
#include "io/text/json.hpp"
#include "io/text/local_time.hpp"
#include "io/text/printable.hpp"
#include "io/text/wording.hpp"
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
std::string decided(const Plan& plan, const PoolName& name) {
  const PoolPlan* pool = find_pool(plan, name);
  std::map<std::string_view, int> counts;
  for (const Action& action : plan.actions) {
    if (action.pool == name) ++counts[to_string(action.kind)];
  }
  std::vector<std::string> parts;
  parts.reserve(counts.size());
  for (const auto& [verb, count] : counts) parts.push_back(fmt::format("{} {}", verb, count));
  return fmt::format("{} allowed; {}", pool == nullptr ? 0 : pool->target,
                     parts.empty() ? "nothing to do" : fmt::format("{}", fmt::join(parts, ", ")));
}

// The same with what holds the pool back.
std::string outcome(const Plan& plan, const PoolName& name) {
  const PoolPlan* pool = find_pool(plan, name);
  std::string text = decided(plan, name);
  if (pool != nullptr && !pool->notes.empty()) text += fmt::format("; but {}", fmt::join(pool->notes, "; "));
  return text;
}

// What holds the type back, each with its numbers.
std::vector<std::string> binding_limits(const PoolPlan& pool, const Replayed& pass) {
  std::vector<std::string> limits;
  for (const std::string& note : pool.notes) {
    if (std::ranges::find(limits, note) == limits.end()) limits.push_back(note);
  }
  if (pass.plan.untrusted) limits.push_back(fmt::format("the status is not trusted: {}", *pass.plan.untrusted));
  const auto configured = pass.inputs.config.pools.find(pool.name);
  if (configured == pass.inputs.config.pools.end()) {
    limits.emplace_back("it is not configured any more");
    return limits;
  }
  if (pass.plan.untrusted) return limits;
  if (pool.wanted > pool.target) limits.push_back(fmt::format("maxMachines {}", pool.target));
  for (const auto& [spill, steps] : pool.left_to)
    limits.push_back(fmt::format("maxMachines: {} more runnable steps count for {}", steps, spill));
  if (pool.wanted < pool.target) limits.push_back(fmt::format("minMachines {}", pool.target));
  if (pool.runnable == 0) limits.emplace_back("nothing waits");
  if (pool.runnable > 0 && pool.runnable <= pool.ignored)
    limits.push_back(fmt::format("ignoredRunnables {}: no more than these wait", pool.ignored));
  return limits;
}

// Why this type does not serve the steps; empty: it has another system.
std::string why_it_does_not_fit(const PoolConfig& pool, const StepType& step) {
  if (!pool.type.systems.contains(step.system)) return "";
  std::set<std::string> lacking;
  std::set<std::string> required;
  std::ranges::set_difference(step.features, pool.type.supported_features, std::inserter(lacking, lacking.end()));
  std::ranges::set_difference(pool.type.mandatory_features, step.features, std::inserter(required, required.end()));
  std::vector<std::string> reasons;
  if (!lacking.empty()) reasons.push_back(fmt::format("does not have {}", joined(lacking)));
  if (!required.empty()) reasons.push_back(fmt::format("takes only steps that require {}", joined(required)));
  return fmt::format("{} {}", pool.name, fmt::join(reasons, ", and "));
}

// That of a type of the same system, or of any type.
ProviderKind likely_provider(const StepType& step, const std::map<PoolName, PoolConfig>& pools) {
  if (pools.empty()) return ProviderKind::local;
  const auto like =
      std::ranges::find_if(pools, [&](const auto& entry) { return entry.second.type.systems.contains(step.system); });
  return (like == pools.end() ? pools.begin() : like)->second.kind();
}

// The type that would serve the steps, with the provider of the configured type that is most like it.
std::string line_to_add(const StepType& step, const Config& config) {
  const ProviderKind kind = likely_provider(step, config.pools);
  const std::string name =
      step.features.empty() ? step.system : fmt::format("{}:{}", step.system, joined(step.features));
  return fmt::format("{} = {{ maxMachines = 1; {} = {{ … }}; }};", config::attribute_path("systemTypes", name),
                     traits_of(kind).option);
}

Explanation unplaceable(const StepTypeCount& steps, const Config& config) {
  Explanation explanation{.name = steps.key,
                          .headline = fmt::format("{} runnable, and no configured type fits", steps.runnable)};
  for (const auto& [name, pool] : config.pools) {
    if (std::string why = why_it_does_not_fit(pool, steps.type); !why.empty())
      explanation.binding.push_back(std::move(why));
  }
  if (explanation.binding.empty())
    explanation.binding.push_back(fmt::format("no type has the system {}", steps.type.system));
  explanation.changes.push_back({"in conf.nix", line_to_add(steps.type, config)});
  return explanation;
}

}  // namespace

std::optional<Explanation> explain_step_type(const std::string& key, const Replayed& pass) {
  const auto& [seen, config] = pass.inputs;
  if (!seen.queue) return std::nullopt;
  const auto steps = std::ranges::find(seen.queue->step_types, key, &StepTypeCount::key);
  if (steps == seen.queue->step_types.end()) return std::nullopt;
  Explanation explanation{.name = key, .headline = ""};
  if (const auto pool = decide::pool_of(steps->type, config)) {
    const auto spill = decide::spill_pool_of(steps->type, config);
    explanation.headline = fmt::format("built by {0}{1}: hydra-provisioner explain {0}", *pool,
                                       spill ? fmt::format(", and beyond its maximum by {}", *spill) : "");
  } else if (decide::is_served_elsewhere(steps->type, seen, config)) {
    explanation.headline = "built by machines that are not of this program";
  } else {
    return unplaceable(*steps, config);
  }
  return explanation;
}

Explanation explain_type(const PoolName& name, const Replayed& pass) {
  const PoolPlan* pool = find_pool(pass.plan, name);
  Explanation explanation{.name = name.text, .headline = "neither configured nor with machines then"};
  if (pool == nullptr) return explanation;
  const std::string now = outcome(pass.plan, name);
  explanation.headline = fmt::format("{}\n  {}", pool->explanation, decided(pass.plan, name));
  explanation.code = pool->held;
  explanation.binding = binding_limits(*pool, pass);
  if (const auto configured = pass.inputs.config.pools.find(name); configured != pass.inputs.config.pools.end())
    explanation.limits = limits_of(configured->second, pass.inputs.seen);
  for (const Variation& variation : variations_for(name, pass.inputs, pass.plan)) {
    const std::string would_be = outcome(decide::plan(variation.inputs.seen, variation.inputs.config), name);
    explanation.changes.push_back({variation.what, would_be == now ? "" : would_be});
  }
  return explanation;
}

namespace {

// Of the machine and its type, each once.
std::vector<Variation> variations_for_machine(const Machine& machine, const Replayed& pass) {
  auto all = variations_for(machine, pass.inputs, pass.plan);
  for (Variation& variation : variations_for(machine.pool, pass.inputs, pass.plan)) {
    const bool is_known = std::ranges::find(all, variation.what, &Variation::what) != all.end();
    if (!is_known) all.push_back(std::move(variation));
  }
  return all;
}

}  // namespace

Explanation explain_machine(const MachineId& id, const Replayed& pass, std::vector<Event> events) {
  Explanation explanation{.name = id.text, .headline = "did not exist then", .events = std::move(events)};
  const Action* now = find_action(pass.plan, id);
  const auto machine = std::ranges::find(pass.inputs.seen.machines, id, &Machine::id);
  if (now != nullptr) {
    explanation.headline = described(now, "nothing");
    explanation.code = now->reason.code;
  }
  if (machine == pass.inputs.seen.machines.end()) return explanation;
  explanation.headline = fmt::format("{} for {}, since {}; {}", to_string(machine->state),
                                     io::span_text(std::max(pass.inputs.seen.now - machine->since, Seconds{0})),
                                     io::local_time(machine->since), described(now, "nothing"));
  for (const Variation& variation : variations_for_machine(*machine, pass)) {
    const Plan varied = decide::plan(variation.inputs.seen, variation.inputs.config);
    const Action* would_be = find_action(varied, id);
    const bool is_same = now != nullptr && would_be != nullptr && now->kind == would_be->kind;
    explanation.changes.push_back({variation.what, is_same ? "" : described(would_be, "nothing")});
  }
  return explanation;
}

namespace {

// An order of the pass' last second came after the pass: it would show what came of it.
bool is_later(const Event& event, const state::ArchivedPass& pass) {
  const Instant end = pass.start + pass.duration;
  return event.time > end || (event.time == end && event.what == "ordered");
}

io::Json event_documents(const std::vector<Event>& events) {
  io::Json documents = io::Json::array();
  for (const Event& event : events)
    documents.push_back({{"time", to_unix(event.time)}, {"event", event.what}, {"reason", event.reason}});
  return documents;
}

std::string shown(const std::string& text) { return io::with_spans(io::printable_line(text)); }

std::string event_lines(const std::vector<Event>& events) {
  std::string text;
  for (const Event& event : events)
    text += fmt::format("  {}  {:<10} {}\n", io::local_time(event.time), event.what, shown(event.reason));
  return text;
}

}  // namespace

Expected<Explanation> explain(const state::Archive& archive, const std::string& name, const Expected<Known>& kind,
                              const state::ArchivedPass& pass, const Replayed& replayed) {
  if (!kind) {
    if (auto explanation = explain_step_type(name, replayed)) return *std::move(explanation);
    return std::unexpected(kind.error());
  }
  if (*kind == Known::type) return explain_type(PoolName{name}, replayed);
  auto events = events_of(archive, Instant{}, name);
  std::erase_if(events, [&](const Event& event) { return is_later(event, pass); });
  return explain_machine(MachineId{name}, replayed, std::move(events));
}

std::vector<Event> events_after(const state::Archive& archive, const std::string& name,
                                const state::ArchivedPass& pass) {
  std::vector<Event> events = events_of(archive, pass.start, name);
  std::erase_if(events, [&](const Event& event) { return !is_later(event, pass); });
  return events;
}

nlohmann::json explanation_document(const Explanation& explanation, const state::ArchivedPass& pass) {
  io::Json changes = io::Json::array();
  for (const auto& [what, result] : explanation.changes)
    changes.push_back({{"what", what}, {"changes", !result.empty()}, {"result", result}});
  return {{"formatVersion", 1},
          {"name", explanation.name},
          {"pass", pass.number},
          {"time", to_unix(pass.start)},
          {"now", explanation.headline},
          {"code", explanation.code ? io::Json(to_string(*explanation.code)) : io::Json(nullptr)},
          {"binding", explanation.binding},
          {"limits", limit_documents(explanation.limits)},
          {"events", event_documents(explanation.events)},
          {"since", event_documents(explanation.since)},
          {"changes", std::move(changes)}};
}

std::string explanation_text(const Explanation& explanation, const state::ArchivedPass& pass) {
  std::string text = fmt::format("{}, as of pass {}, {}\n  {}\n", explanation.name, pass.number,
                                 io::local_time(pass.start), io::with_spans(explanation.headline));
  for (const std::string& limit : explanation.binding) text += fmt::format("  ! {}\n", shown(limit));
  text += limit_lines(explanation.limits);
  if (!explanation.events.empty()) text += "What happened:\n";
  text += event_lines(explanation.events);
  if (!explanation.since.empty()) text += "Since then:\n" + event_lines(explanation.since);
  if (!explanation.changes.empty()) text += "What would change it:\n";
  for (const auto& [what, result] : explanation.changes)
    text += fmt::format("  {:<40} {}\n", what, result.empty() ? "nothing would change" : shown(result));
  return text;
}

}  // namespace hydra_provisioner::review
