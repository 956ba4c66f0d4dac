#include "app/verbs/replay.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

#include "app/cli/exit_status.hpp"
#include "app/cli/output.hpp"
#include "app/cli/texts.hpp"
#include "config/load.hpp"
#include "decide/plan.hpp"
#include "io/text/json.hpp"
#include "io/text/local_time.hpp"
#include "observe/schedules.hpp"
#include "pass/documents.hpp"
#include "review/replay.hpp"

namespace hydra_provisioner::app {
namespace {

int tell_again(const state::ArchivedPass& pass, const review::Replayed& replayed, const Options& options,
               TerminalVoice& voice) {
  const std::vector<std::string> changed = review::differences(replayed);
  std::string text;
  if (options.json) {
    text = io::pretty({{"formatVersion", 1},
                       {"pass", pass.number},
                       {"start", to_unix(pass.start)},
                       {"equal", replayed.is_equal},
                       {"differences", changed},
                       {"plan", pass::plan_document(replayed.plan)}});
  } else {
    text = plan_text(replayed.plan, use_color(options.color, STDOUT_FILENO));
  }
  if (!print(text, voice)) return exit_status::failed;
  if (replayed.is_equal) {
    voice.note(fmt::format("pass {} of {}: the same plan, byte for byte", pass.number, io::local_time(pass.start)));
    return exit_status::done;
  }
  for (const std::string& line : changed) voice.problem(line);
  voice.problem(fmt::format("pass {} of {}: another plan than was recorded; this version decides otherwise",
                            pass.number, io::local_time(pass.start)));
  return exit_status::failed;
}

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

int tell_with_config(const state::ArchivedPass& pass, const review::Replayed& replayed, const Config& config,
                     const Options& options, TerminalVoice& voice) {
  const state::Inputs inputs = with_config(replayed.inputs, config);
  const Plan would_be = decide::plan(inputs.seen, inputs.config);
  const auto before = by_machine(replayed.plan);
  const auto after = by_machine(would_be);
  const auto in = [](const auto& actions, const MachineId& machine) {
    const auto found = actions.find(machine);
    return found == actions.end() ? nullptr : found->second;
  };
  io::Json differing = io::Json::array();
  std::string text;
  for (const MachineId& machine : machines_of(replayed.plan, would_be)) {
    const Action* was = in(before, machine);
    const Action* is = in(after, machine);
    if (is_same(was, is)) continue;
    differing.push_back({{"machine", machine.text}, {"was", action_value(was)}, {"wouldBe", action_value(is)}});
    text += fmt::format("{:<28} was       {}\n{:<28} would be  {}\n", machine.text, described(was), "", described(is));
  }
  text += fmt::format("Pass {} of {} with {}: {} differ.\n", pass.number, io::local_time(pass.start),
                      options.config_file, differing.size());
  if (options.json) {
    text = io::pretty({{"formatVersion", 1},
                       {"pass", pass.number},
                       {"start", to_unix(pass.start)},
                       {"differences", differing},
                       {"plan", pass::plan_document(would_be)}});
  }
  return print(text, voice) ? exit_status::done : exit_status::failed;
}

Expected<state::ArchivedPass> chosen(const state::Archive& archive, const Options& options) {
  if (options.at) return review::find_pass(archive, *options.at);
  return review::find_pass(archive, options.arguments.empty() ? "latest" : options.arguments.front());
}

}  // namespace

io::Task<int> tell_replay(const state::Archive& archive, const Options& options, TerminalVoice& voice) {
  const auto pass = chosen(archive, options);
  if (!pass) {
    voice.problem(pass.error().message);
    co_return exit_status::usage;
  }
  const auto replayed = review::replay_pass(archive, *pass);
  if (!replayed) {
    voice.problem(replayed.error().message);
    co_return exit_status::failed;
  }
  if (options.config_file.empty()) co_return tell_again(*pass, *replayed, options, voice);
  const auto config = co_await config::load_config(options.config_file, {.allow_empty = options.allow_empty});
  if (config) co_return tell_with_config(*pass, *replayed, *config, options, voice);
  for (const std::string& error : config.error()) voice.problem(error);
  co_return exit_status::configuration;
}

}  // namespace hydra_provisioner::app
