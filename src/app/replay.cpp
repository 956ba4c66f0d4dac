#include "app/replay.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

#include "app/documents.hpp"
#include "app/exit_status.hpp"
#include "app/output.hpp"
#include "app/report.hpp"
#include "app/when.hpp"
#include "config/load.hpp"
#include "decide/plan.hpp"
#include "io/json.hpp"
#include "observe/schedules.hpp"
#include "state/pass_rows.hpp"

namespace hydra_provisioner {
namespace {

std::unexpected<Error> no_passes(const Archive& archive) {
  return failure(fmt::format("{}: no pass is recorded yet; run one first", archive.path()));
}

std::string which_there_are(const std::vector<ArchivedPass>& passes) {
  return fmt::format("there are {} ({}) to {} ({})", passes.front().number, local_time(passes.front().start),
                     passes.back().number, local_time(passes.back().start));
}

// What was recorded and would be decided otherwise now.
std::vector<std::string> differences(const Replayed& replayed) {
  const Facts now = decided(plan_document(replayed.plan));
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

int tell_again(const ArchivedPass& pass, const Replayed& replayed, const Options& options, TerminalVoice& voice) {
  const std::vector<std::string> changed = differences(replayed);
  std::string text;
  if (options.json) {
    text = pretty({{"formatVersion", 1},
                   {"pass", pass.number},
                   {"start", to_unix(pass.start)},
                   {"equal", replayed.is_equal},
                   {"differences", changed},
                   {"plan", plan_document(replayed.plan)}});
  } else {
    text = plan_text(replayed.plan, use_color(options.color, STDOUT_FILENO));
  }
  if (!print(text, voice)) return exit_status::failed;
  if (replayed.is_equal) {
    voice.note(fmt::format("pass {} of {}: the same plan, byte for byte", pass.number, local_time(pass.start)));
    return exit_status::done;
  }
  for (const std::string& line : changed) voice.problem(line);
  voice.problem(fmt::format("pass {} of {}: another plan than was recorded; this version decides otherwise",
                            pass.number, local_time(pass.start)));
  return exit_status::failed;
}

std::map<MachineId, const Action*> by_machine(const Plan& plan) {
  std::map<MachineId, const Action*> actions;
  for (const Action& action : plan.actions) actions.emplace(machine_of(action), &action);
  return actions;
}

Json action_value(const Action* action) {
  if (action == nullptr) return nullptr;
  return {{"action", name_of(*action)}, {"reason", reason_of(*action).text}};
}

bool is_same(const Action* a, const Action* b) {
  if (a == nullptr || b == nullptr) return a == b;
  return a->index() == b->index() && pool_of(*a) == pool_of(*b);
}

std::string described(const Action* action) {
  return action == nullptr ? "-" : fmt::format("{}: {}", name_of(*action), reason_of(*action).text);
}

std::vector<MachineId> machines_of(const Plan& a, const Plan& b) {
  std::set<MachineId> all;
  for (const Plan* plan : {&a, &b}) {
    for (const Action& action : plan->actions) all.insert(machine_of(action));
  }
  std::vector<MachineId> machines(all.begin(), all.end());
  std::ranges::stable_sort(machines, {}, number_of);
  return machines;
}

// A pool that the new file does not have is retired, and one that it has again is not.
Inputs with_config(Inputs inputs, const Config& config) {
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
  inputs.seen.scheduled = scheduled_limits(config, inputs.seen.now);
  return inputs;
}

int tell_with_config(const ArchivedPass& pass, const Replayed& replayed, const Config& config, const Options& options,
                     TerminalVoice& voice) {
  const Inputs inputs = with_config(replayed.inputs, config);
  const Plan would_be = plan(inputs.seen, inputs.config);
  const auto before = by_machine(replayed.plan);
  const auto after = by_machine(would_be);
  const auto in = [](const auto& actions, const MachineId& machine) {
    const auto found = actions.find(machine);
    return found == actions.end() ? nullptr : found->second;
  };
  Json differing = Json::array();
  std::string text;
  for (const MachineId& machine : machines_of(replayed.plan, would_be)) {
    const Action* was = in(before, machine);
    const Action* is = in(after, machine);
    if (is_same(was, is)) continue;
    differing.push_back({{"machine", machine.text}, {"was", action_value(was)}, {"wouldBe", action_value(is)}});
    text += fmt::format("{:<28} was       {}\n{:<28} would be  {}\n", machine.text, described(was), "", described(is));
  }
  text += fmt::format("Pass {} of {} with {}: {} differ.\n", pass.number, local_time(pass.start), options.config_file,
                      differing.size());
  if (options.json) {
    text = pretty({{"formatVersion", 1},
                   {"pass", pass.number},
                   {"start", to_unix(pass.start)},
                   {"differences", differing},
                   {"plan", plan_document(would_be)}});
  }
  return print(text, voice) ? exit_status::done : exit_status::failed;
}

Expected<ArchivedPass> chosen(const Archive& archive, const Options& options) {
  if (options.at) return find_pass(archive, *options.at);
  return find_pass(archive, options.arguments.empty() ? "latest" : options.arguments.front());
}

}  // namespace

Expected<Replayed> replay_pass(const Archive& archive, const ArchivedPass& pass) {
  if (pass.clocks_json.empty())
    return failure(fmt::format("pass {} was recorded by a version that did not keep what it saw", pass.number));
  Replayed replayed{.inputs = {}, .plan = {}, .recorded = archive.facts(pass)};
  auto inputs = inputs_of(replayed.recorded, pass.clocks_json);
  if (!inputs) return std::unexpected(within(fmt::format("pass {}", pass.number), inputs.error()));
  replayed.inputs = *std::move(inputs);
  replayed.plan = plan(replayed.inputs.seen, replayed.inputs.config);
  replayed.is_equal = hash_of(compact(plan_document(replayed.plan))) == pass.plan_hash;
  return replayed;
}

Expected<ArchivedPass> find_pass(const Archive& archive, const std::string& number) {
  const auto passes = archive.passes(Instant{});
  if (passes.empty()) return no_passes(archive);
  if (number == "latest") return passes.back();
  std::int64_t wanted = 0;
  const auto [rest, error] = std::from_chars(number.data(), number.data() + number.size(), wanted);
  const bool is_number = error == std::errc{} && rest == number.data() + number.size();
  if (const auto found = is_number ? archive.pass(wanted) : std::nullopt) return *found;
  return failure(fmt::format("\"{}\" is no pass that is recorded; {}", number, which_there_are(passes)));
}

Expected<ArchivedPass> find_pass(const Archive& archive, Instant time) {
  if (const auto found = archive.pass_at(time)) return *found;
  const auto passes = archive.passes(Instant{});
  if (passes.empty()) return no_passes(archive);
  return failure(fmt::format("no pass is recorded of {} or before; {}", local_time(time), which_there_are(passes)));
}

Task<int> tell_replay(const Archive& archive, const Options& options, TerminalVoice& voice) {
  const auto pass = chosen(archive, options);
  if (!pass) {
    voice.problem(pass.error().message);
    co_return exit_status::usage;
  }
  const auto replayed = replay_pass(archive, *pass);
  if (!replayed) {
    voice.problem(replayed.error().message);
    co_return exit_status::failed;
  }
  if (options.config_file.empty()) co_return tell_again(*pass, *replayed, options, voice);
  const auto config = co_await load_config(options.config_file, {.allow_empty = options.allow_empty});
  if (config) co_return tell_with_config(*pass, *replayed, *config, options, voice);
  for (const std::string& error : config.error()) voice.problem(error);
  co_return exit_status::configuration;
}

}  // namespace hydra_provisioner
