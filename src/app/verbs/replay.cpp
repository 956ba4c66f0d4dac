#include "app/verbs/verbs.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/cli/output.hpp"
#include "app/cli/texts.hpp"
#include "app/verbs/configuration.hpp"
#include "app/verbs/journal.hpp"
#include "decide/plan.hpp"
#include "io/text/json.hpp"
#include "io/text/local_time.hpp"
#include "observe/schedules.hpp"
#include "pass/documents.hpp"
#include "review/replay.hpp"

namespace hydra_provisioner::app {
namespace {

std::map<MachineId, const Action*> by_machine(const Plan& plan) {
  std::map<MachineId, const Action*> actions;
  for (const Action& action : plan.actions) actions.emplace(action.machine, &action);
  return actions;
}

io::Json action_value(const Action* action) {
  if (action == nullptr) return nullptr;
  return {{"action", to_string(action->kind)}, {"reason", action->reason.text}};
}

bool is_same(const Action* a, const Action* b) {
  if (a == nullptr || b == nullptr) return a == b;
  return a->kind == b->kind && a->pool == b->pool;
}

std::string described(const Action* action) {
  return action == nullptr ? "-" : fmt::format("{}: {}", to_string(action->kind), action->reason.text);
}

std::vector<MachineId> machines_of(const Plan& a, const Plan& b) {
  std::set<MachineId> all;
  for (const Plan* plan : {&a, &b}) {
    for (const Action& action : plan->actions) all.insert(action.machine);
  }
  std::vector<MachineId> machines(all.begin(), all.end());
  std::ranges::stable_sort(machines, {}, number_of);
  return machines;
}

// A pool that the new file does not have is retired, and one that it has again is not.
state::Inputs with_config(state::Inputs inputs, const Config& config) {
  std::set<std::pair<PoolName, ProviderKind>> machines_in;
  for (const Machine& machine : inputs.seen.machines) machines_in.emplace(machine.pool, machine.provider);
  for (const auto& [name, pool] : inputs.config.pools) inputs.seen.retired.push_back(pool);
  std::erase_if(inputs.seen.retired, [&](const PoolConfig& pool) {
    const auto now = config.pools.find(pool.name);
    const bool is_configured = now != config.pools.end() && now->second.kind() == pool.kind();
    return is_configured || !machines_in.contains({pool.name, pool.kind()});
  });
  const Tag tag = inputs.config.tag;  // the machines' own
  inputs.config = config;
  inputs.config.tag = tag;
  inputs.seen.scheduled = observe::scheduled_limits(config, inputs.seen.now);
  return inputs;
}

// Both plans say something else about this machine; null: nothing.
struct Difference {
  MachineId machine;
  const Action* was;
  const Action* would_be;
};

std::vector<Difference> differences_between(const Plan& was, const Plan& would_be) {
  const auto before = by_machine(was);
  const auto after = by_machine(would_be);
  const auto in = [](const auto& actions, const MachineId& machine) {
    const auto found = actions.find(machine);
    return found == actions.end() ? nullptr : found->second;
  };
  std::vector<Difference> differences;
  for (const MachineId& machine : machines_of(was, would_be)) {
    const Difference difference{machine, in(before, machine), in(after, machine)};
    if (!is_same(difference.was, difference.would_be)) differences.push_back(difference);
  }
  return differences;
}

io::Json differences_value(const std::vector<Difference>& differences) {
  io::Json values = io::Json::array();
  for (const auto& [machine, was, would_be] : differences)
    values.push_back({{"machine", machine.text}, {"was", action_value(was)}, {"wouldBe", action_value(would_be)}});
  return values;
}

std::string differences_text(const std::vector<Difference>& differences) {
  std::string text;
  for (const auto& [machine, was, would_be] : differences)
    text += fmt::format("{:<28} was       {}\n{:<28} would be  {}\n", machine.text, described(was), "",
                        described(would_be));
  return text;
}

// Above: the comparison of plans. Below: the verb.

struct Options {
  std::string pass = "latest";
  std::optional<Instant> at;
  ConfigFile config;  // its path is empty: as it was then
  std::string tag;
  bool json = false;
};

void declare(Arguments& arguments, Options& options) {
  arguments.optional_word("[PASS]", [&options](const std::string& text) -> Expected<void> {
    if (options.at) return failure("replay takes a pass or --at, not both");
    options.pass = text;
    return {};
  });
  arguments.option("--at", "TIME", into(options.at), "the pass of 2h or 3d ago, of 2026-01-15 or 2026-01-15T12:00");
  arguments.option("--config", "CONF", into(options.config.path), "decide from this configuration instead");
  declare_allow_empty(arguments, options.config);
  declare_tag(arguments, options.tag);
  arguments.flag("--json", options.json, "print JSON");
}

std::string pass_text(const state::ArchivedPass& pass) {
  return fmt::format("pass {} of {}", pass.number, io::local_time(pass.start));
}

io::Json document(const state::ArchivedPass& pass, const Plan& plan) {
  return {
      {"formatVersion", 1}, {"pass", pass.number}, {"start", to_unix(pass.start)}, {"plan", pass::plan_document(plan)}};
}

Outcome show_again(const state::ArchivedPass& pass, const review::Replayed& replayed, bool as_json,
                   const Context& context) {
  std::vector<std::string> changed = review::differences(replayed);
  io::Json json = document(pass, replayed.plan);
  json["equal"] = replayed.is_equal;
  json["differences"] = changed;
  if (auto printed = print(as_json ? io::pretty(json) : plan_text(replayed.plan, context.color)); !printed)
    return printed;
  if (replayed.is_equal) {
    context.voice.note(fmt::format("{}: the same plan, byte for byte", pass_text(pass)));
    return exit_status::done;
  }
  changed.push_back(fmt::format("{}: another plan than was recorded; this version decides otherwise", pass_text(pass)));
  return std::unexpected(Failure{std::move(changed)});
}

Outcome show_with(const Config& config, const state::ArchivedPass& pass, const review::Replayed& replayed,
                  const Options& options) {
  const state::Inputs inputs = with_config(replayed.inputs, config);
  const Plan would_be = decide::plan(inputs.seen, inputs.config);
  const std::vector<Difference> differences = differences_between(replayed.plan, would_be);
  if (!options.json)
    return print(fmt::format("{}Pass {} of {} with {}: {} differ.\n", differences_text(differences), pass.number,
                             io::local_time(pass.start), options.config.path, differences.size()));
  io::Json json = document(pass, would_be);
  json["differences"] = differences_value(differences);
  return print(io::pretty(json));
}

io::Task<Outcome> run(Options options, Context context) {
  const auto journal = open_journal(context.state_dir, options.tag, "");
  if (!journal) co_return std::unexpected(journal.error());
  const auto pass =
      options.at ? review::find_pass(journal->archive, *options.at) : review::find_pass(journal->archive, options.pass);
  if (!pass) co_return misused(pass.error());
  const auto replayed = review::replay_pass(journal->archive, *pass);
  if (!replayed) co_return failed(replayed.error());
  if (options.config.path.empty()) co_return show_again(*pass, *replayed, options.json, context);
  const auto config = co_await load(options.config);
  if (!config) co_return std::unexpected(config.error());
  co_return show_with(*config, *pass, *replayed, options);
}

}  // namespace

Verb replay_verb() {
  return {.name = "replay",
          .section = Section::reading,
          .summary = "repeats what a pass decided, also by another configuration",
          .description =
              "Decides again what a recorded pass decided, from what it saw, and compares the two plans. PASS "
              "is a number, or latest. With --config it shows what would differ by another configuration; "
              "else the exit status is 1 if the plans differ.",
          .examples = {{{"replay 1234", "does this version decide as the one that made pass 1234?"},
                        {"replay latest --config new.nix", "what would the new configuration change?"}}},
          .declare = command(declare, run)};
}

}  // namespace hydra_provisioner::app
