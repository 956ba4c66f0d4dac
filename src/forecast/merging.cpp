#include "forecast/merging.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "decide/demand.hpp"
#include "forecast/tuning.hpp"
#include "model/system_type.hpp"

namespace hydra_provisioner::forecast {
namespace {

using Words = std::set<std::string>;

bool have_a_common_word(const Words& a, const Words& b) {
  return std::ranges::any_of(a, [&](const std::string& word) { return b.contains(word); });
}

bool are_alike(const PoolConfig& a, const PoolConfig& b) {
  return !a.spill && !b.spill && a.kind() == b.kind() && a.max_jobs == b.max_jobs &&
         a.price_per_hour == b.price_per_hour && a.stopped_price_per_hour == b.stopped_price_per_hour &&
         have_a_common_word(a.type.systems, b.type.systems);
}

Words common(const Words& a, const Words& b) {
  Words both;
  std::ranges::set_intersection(a, b, std::inserter(both, both.end()));
  return both;
}

std::map<PoolName, std::int64_t> count_steps(const Config& config, const trace::Trace& trace) {
  std::vector<std::int64_t> by_type(trace.step_types.size());
  for (const trace::TraceStep& step : trace.steps) ++by_type[step.type];
  std::map<PoolName, std::int64_t> counts;
  for (std::size_t i = 0; i < by_type.size(); ++i) {
    if (const auto pool = decide::pool_of(parse_step_type(trace.step_types[i]), config)) counts[*pool] += by_type[i];
  }
  return counts;
}

MergerForecast total_of(const Forecast& forecast, const std::vector<PoolName>& pools) {
  std::vector<const PoolForecast*> summed;
  summed.reserve(pools.size());
  for (const PoolName& name : pools) summed.push_back(&forecast.pools.at(name));
  const PoolForecast sum = sum_of(summed);
  return {.machine_time = sum.machine_time(), .mean_wait = sum.wait.mean, .unfinished = sum.unfinished};
}

Config with_only(Config config, const std::vector<PoolName>& pools) {
  std::erase_if(config.pools, [&](const auto& entry) { return std::ranges::find(pools, entry.first) == pools.end(); });
  return config;
}

bool has_spill_pool(const Config& config) {
  return std::ranges::any_of(config.pools, [](const auto& entry) { return entry.second.spill; });
}

Merger try_merger(const Config& config, const std::vector<PoolName>& pools, const PoolName& name,
                  const trace::Trace& trace, const SimulationTerms& terms, const Forecast* present) {
  Merger merger{.pools = pools, .merged = merged(config, pools, name), .now = {}, .then = {}};
  const trace::Trace part = part_of(trace, config, {pools.begin(), pools.end()});
  // In a forecast with spill pools, machines that are not of these pools built some of their steps.
  const bool is_known = present != nullptr && !has_spill_pool(config);
  merger.now = total_of(is_known ? *present : simulate(with_only(config, pools), part, terms), pools);
  Config then = with_only(config, {name});
  then.pools.at(name) = merger.merged;
  merger.then = total_of(simulate(then, part, terms), {name});
  return merger;
}

std::string nix_list(const Words& words) {
  return words.empty() ? "[ ]" : fmt::format("[ \"{}\" ]", fmt::join(words, "\" \""));
}

}  // namespace

double Merger::saved() const {
  if (now.machine_time == Millis{0}) return 0;
  return 1 - static_cast<double>(then.machine_time.count()) / static_cast<double>(now.machine_time.count());
}

std::vector<std::vector<PoolName>> groups_alike(const Config& config) {
  std::vector<std::vector<PoolName>> groups;
  for (const auto& [name, pool] : config.pools) {
    const auto is_like = [&](const PoolName& other) { return are_alike(pool, config.pools.at(other)); };
    std::vector<PoolName> own;
    std::erase_if(groups, [&](const std::vector<PoolName>& group) {
      if (std::ranges::none_of(group, is_like)) return false;
      own.insert(own.end(), group.begin(), group.end());
      return true;
    });
    own.push_back(name);
    groups.push_back(std::move(own));
  }
  std::erase_if(groups, [](const std::vector<PoolName>& group) { return group.size() < 2; });
  for (std::vector<PoolName>& group : groups) std::ranges::sort(group);
  return groups;
}

PoolConfig merged(const Config& config, const std::vector<PoolName>& pools, const PoolName& name) {
  PoolConfig one = config.pools.at(name);
  for (const PoolName& other : pools) {
    if (other == name) continue;
    const PoolConfig& pool = config.pools.at(other);
    one.type.systems.insert(pool.type.systems.begin(), pool.type.systems.end());
    one.type.supported_features.insert(pool.type.supported_features.begin(), pool.type.supported_features.end());
    one.type.mandatory_features = common(one.type.mandatory_features, pool.type.mandatory_features);
    one.min_machines += pool.min_machines;
    one.max_machines += pool.max_machines;
    one.spare_machines += pool.spare_machines;
    one.standby_machines += pool.standby_machines;
  }
  return one;
}

std::vector<Merger> useful_mergers(const Config& config, const trace::Trace& trace, const SimulationTerms& terms,
                                   act::Voice& voice, const Forecast* present) {
  std::vector<Merger> useful;
  auto steps = count_steps(config, trace);
  for (const std::vector<PoolName>& group : groups_alike(config)) {
    voice.progress(fmt::format("{} in one", fmt::join(group, ", ")));
    const PoolName& biggest = *std::ranges::max_element(group, {}, [&](const PoolName& pool) { return steps[pool]; });
    Merger merger = try_merger(config, group, biggest, trace, terms, present);
    if (merger.then.unfinished <= merger.now.unfinished && merger.saved() >= saved_at_least)
      useful.push_back(std::move(merger));
  }
  return useful;
}

std::string nix_attributes(const PoolConfig& merged) {
  std::string text =
      fmt::format("systems = {};\nsupportedFeatures = {};\nmandatoryFeatures = {};\n", nix_list(merged.type.systems),
                  nix_list(merged.type.supported_features), nix_list(merged.type.mandatory_features));
  if (merged.min_machines > 0) text += fmt::format("minMachines = {};\n", merged.min_machines);
  if (merged.spare_machines > 0) text += fmt::format("spareMachines = {};\n", merged.spare_machines);
  if (merged.standby_machines > 0) text += fmt::format("standbyMachines = {};\n", merged.standby_machines);
  return text + fmt::format("maxMachines = {};\n", merged.max_machines);
}

}  // namespace hydra_provisioner::forecast
