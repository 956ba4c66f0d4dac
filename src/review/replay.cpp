#include "review/replay.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

#include "decide/plan.hpp"
#include "io/text/hash.hpp"
#include "io/text/json.hpp"
#include "io/text/local_time.hpp"
#include "io/text/strings.hpp"
#include "pass/documents.hpp"
#include "pass/record.hpp"

namespace hydra_provisioner::review {
namespace {

std::unexpected<Error> no_passes(const state::Archive& archive) {
  return failure(fmt::format("{}: no pass is recorded yet; run one first", archive.path()));
}

std::string which_there_are(const std::vector<state::ArchivedPass>& passes) {
  return fmt::format("there are {} ({}) to {} ({})", passes.front().number, io::local_time(passes.front().start),
                     passes.back().number, io::local_time(passes.back().start));
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
  replayed.is_equal = io::fnv1a(io::compact(pass::plan_document(replayed.plan))) == pass.plan_hash;
  return replayed;
}

Expected<state::ArchivedPass> find_pass(const state::Archive& archive, const std::string& number) {
  const auto passes = archive.passes(Instant{});
  if (passes.empty()) return no_passes(archive);
  if (number == "latest") return passes.back();
  const auto wanted = io::parse_number<std::int64_t>(number);
  if (const auto found = wanted ? archive.pass(*wanted) : std::nullopt) return *found;
  return failure(fmt::format("\"{}\" is no pass that is recorded; {}", number, which_there_are(passes)));
}

Expected<state::ArchivedPass> find_pass(const state::Archive& archive, Instant time) {
  if (const auto found = archive.pass_at(time)) return *found;
  const auto passes = archive.passes(Instant{});
  if (passes.empty()) return no_passes(archive);
  return failure(fmt::format("no pass is recorded of {} or before; {}", io::local_time(time), which_there_are(passes)));
}

// What was recorded and would be decided otherwise now.
std::vector<std::string> differences(const Replayed& replayed) {
  const state::Facts now = pass::decided(pass::plan_document(replayed.plan));
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

}  // namespace hydra_provisioner::review
