#include "review/replay.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "decide/plan.hpp"
#include "io/text/hash.hpp"
#include "io/text/json.hpp"
#include "io/text/local_time.hpp"
#include "io/text/printable.hpp"
#include "io/text/strings.hpp"
#include "observe/schedules.hpp"
#include "pass/documents.hpp"
#include "pass/record.hpp"

namespace hydra_provisioner::review {
namespace {

std::unexpected<Error> no_passes(const state::Archive& archive) {
  return failure(fmt::format("{}: no pass is recorded yet; run one first", archive.place().described()));
}

std::string which_there_are(const std::vector<state::ArchivedPass>& passes) {
  return fmt::format("there are {} ({}) to {} ({})", passes.front().number, io::local_time(passes.front().start),
                     passes.back().number, io::local_time(passes.back().start));
}

std::vector<MachineId> machines_of(const Plan& a, const Plan& b) {
  std::set<MachineId> all;
  for (const Plan* plan : {&a, &b}) {
    for (const Action& action : plan->actions) all.insert(action.machine);
  }
  std::vector<MachineId> machines(all.begin(), all.end());
  std::ranges::sort(machines, {}, [](const MachineId& machine) { return std::pair(number_of(machine), machine); });
  return machines;
}

bool is_same(const Action* a, const Action* b) {
  if (a == nullptr || b == nullptr) return a == b;
  return a->kind == b->kind && a->pool == b->pool;
}

io::Json document_of(const Action* action) {
  if (action == nullptr) return nullptr;
  return {
      {"action", to_string(action->kind)}, {"reason", action->reason.text}, {"code", to_string(action->reason.code)}};
}

}  // namespace

Expected<Replayed> replay_pass(const state::Archive& archive, const state::ArchivedPass& pass) {
  if (pass.clocks_json.empty())
    return failure(fmt::format("pass {} was recorded by a version that did not keep what it saw", pass.number));
  Replayed replayed{.inputs = {}, .plan = {}, .recorded = archive.facts(pass)};
  auto inputs = state::inputs_of(replayed.recorded, pass.clocks_json);
  if (!inputs) return std::unexpected(within(fmt::format("pass {}", pass.number), inputs.error()));
  replayed.inputs = *std::move(inputs);
  replayed.plan = decide::plan(replayed.inputs.seen, replayed.inputs.config);
  replayed.is_equal = io::fnv1a(io::compact(pass::recorded_plan(replayed.plan))) == pass.plan_hash;
  return replayed;
}

Expected<state::ArchivedPass> find_pass(const state::Archive& archive, const std::string& number) {
  auto latest = archive.latest_pass();
  if (!latest) return no_passes(archive);
  if (number == "latest") return *std::move(latest);
  const auto wanted = io::parse_number<std::int64_t>(number);
  if (const auto found = wanted ? archive.pass(*wanted) : std::nullopt) return *found;
  const auto passes = archive.passes(Instant{});
  return failure(fmt::format("\"{}\" is no pass that is recorded; {}", number, which_there_are(passes)));
}

Expected<state::ArchivedPass> find_pass(const state::Archive& archive, Instant time) {
  if (const auto found = archive.pass_at(time)) return *found;
  const auto passes = archive.passes(Instant{});
  if (passes.empty()) return no_passes(archive);
  return failure(fmt::format("no pass is recorded of {} or before; {}", io::local_time(time), which_there_are(passes)));
}

std::vector<std::string> differences_from_record(const Replayed& replayed) {
  const state::Facts now = pass::decided(pass::recorded_plan(replayed.plan));
  std::vector<std::string> lines;
  for (const auto& [name, value] : replayed.recorded) {
    if (!name.starts_with("decided/")) continue;
    const auto found = now.find(name);
    if (found == now.end() || found->second != value)
      lines.push_back(
          fmt::format("{}: was {}, is {} now", name.substr(8), value, found == now.end() ? "nothing" : found->second));
  }
  for (const auto& [name, value] : now) {
    if (!replayed.recorded.contains(name))
      lines.push_back(fmt::format("{}: was nothing, is {} now", name.substr(8), value));
  }
  if (lines.empty() && !replayed.is_equal) lines.emplace_back("only in why machines are kept");
  return lines;
}

Plan plan_with(const Config& config, state::Inputs inputs) {
  std::set<std::pair<PoolName, ProviderKind>> machines_in;
  for (const Machine& machine : inputs.seen.machines) machines_in.emplace(machine.pool, machine.provider);
  for (const auto& [name, pool] : inputs.config.pools) inputs.seen.retired.push_back(pool);
  std::erase_if(inputs.seen.retired, [&](const PoolConfig& pool) {
    const auto now = config.pools.find(pool.name);
    const bool is_configured = now != config.pools.end() && now->second.kind() == pool.kind();
    return is_configured || !machines_in.contains({pool.name, pool.kind()});
  });
  const Tag tag = inputs.config.tag;  // the machines have it in their names
  inputs.config = config;
  inputs.config.tag = tag;
  inputs.seen.scheduled = observe::scheduled_limits(config, inputs.seen.now);
  return decide::plan(inputs.seen, inputs.config);
}

std::vector<Difference> differences_between(const Plan& was, const Plan& would_be) {
  const ActionsByMachine before = actions_by_machine(was);
  const ActionsByMachine after = actions_by_machine(would_be);
  std::vector<Difference> differences;
  for (const MachineId& machine : machines_of(was, would_be)) {
    const Difference difference{machine, action_on(before, machine), action_on(after, machine)};
    if (!is_same(difference.was, difference.would_be)) differences.push_back(difference);
  }
  return differences;
}

std::string described(const Action* action, std::string_view none) {
  return action == nullptr ? std::string(none)
                           : fmt::format("{}: {}", to_string(action->kind), io::printable_line(action->reason.text));
}

nlohmann::json pass_document(const state::ArchivedPass& pass, const Plan& plan) {
  return {
      {"formatVersion", 1}, {"pass", pass.number}, {"start", to_unix(pass.start)}, {"plan", pass::plan_document(plan)}};
}

nlohmann::json replay_document(const state::ArchivedPass& pass, const Replayed& replayed) {
  io::Json document = pass_document(pass, replayed.plan);
  document["equal"] = replayed.is_equal;
  document["differences"] = differences_from_record(replayed);
  return document;
}

nlohmann::json differences_document(const std::vector<Difference>& differences) {
  io::Json values = io::Json::array();
  for (const auto& [machine, was, would_be] : differences)
    values.push_back({{"machine", machine.text}, {"was", document_of(was)}, {"wouldBe", document_of(would_be)}});
  return values;
}

std::string differences_text(const std::vector<Difference>& differences) {
  std::string text;
  for (const auto& [machine, was, would_be] : differences)
    text += fmt::format("{:<28} was       {}\n{:<28} would be  {}\n", machine.text, described(was, "-"), "",
                        described(would_be, "-"));
  return text;
}

}  // namespace hydra_provisioner::review
