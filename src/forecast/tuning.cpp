#include "forecast/tuning.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <iterator>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "decide/demand.hpp"
#include "forecast/measured_boots.hpp"
#include "model/system_type.hpp"

namespace hydra_provisioner::forecast {
namespace {

constexpr std::chrono::milliseconds between_looks{500};
constexpr std::chrono::seconds between_milestones{10};
constexpr std::size_t finer_at_most = 6;
constexpr std::size_t simulated_with_all_steps = 5;

// What the threads share. A thread takes the next setting, and writes the result of this setting alone.
struct Work {
  std::atomic<std::size_t> next = 0;
  std::mutex mutex;
  std::condition_variable has_changed;
  std::size_t done = 0;
  std::exception_ptr thrown;

  void note_done(std::exception_ptr error) {
    const std::scoped_lock lock(mutex);
    ++done;
    if (error) thrown = std::move(error);
    has_changed.notify_one();
  }
};

std::string progress_text(const std::string& what, std::size_t done, std::size_t all, double elapsed) {
  std::string text = fmt::format("{}: {} of {}", what, done, all);
  if (done > 0)
    text += fmt::format(", {:.0f} s left", elapsed / static_cast<double>(done) * static_cast<double>(all - done));
  return text;
}

void wait_for_all(Work& work, std::size_t all, const std::string& what, act::Voice& voice) {
  const auto begin = std::chrono::steady_clock::now();
  auto next_milestone = begin;
  std::unique_lock lock(work.mutex);
  while (work.done < all) {
    const auto now = std::chrono::steady_clock::now();
    const std::string text = progress_text(what, work.done, all, std::chrono::duration<double>(now - begin).count());
    voice.progress(text);
    if (work.done > 0 && now >= next_milestone) {
      voice.milestone(text);
      next_milestone = now + between_milestones;
    }
    work.has_changed.wait_for(lock, between_looks);
  }
}

// The trials are in the order of the settings. The configuration has one pool.
std::vector<Trial> run_trials(const Config& config, const trace::Trace& trace, const SimulationTerms& terms,
                              const std::vector<Setting>& settings, const std::string& what, act::Voice& voice) {
  std::vector<Trial> trials(settings.size());
  Work work;
  const auto run = [&] {
    for (std::size_t i = work.next++; i < settings.size(); i = work.next++) {
      std::exception_ptr thrown;
      try {
        Config varied = config;
        auto& [name, pool] = *varied.pools.begin();
        pool = with_setting(pool, settings[i]);
        trials[i] = {.setting = settings[i], .forecast = simulate(varied, trace, terms).pools.at(name)};
      } catch (...) {
        thrown = std::current_exception();
      }
      work.note_done(thrown);
    }
  };
  std::vector<std::jthread> threads;
  const std::size_t cores = std::max(std::thread::hardware_concurrency(), 1U);
  for (std::size_t n = 0; n < std::min(cores, settings.size()); ++n) threads.emplace_back(run);
  wait_for_all(work, settings.size(), what, voice);
  threads.clear();
  if (work.thrown) std::rethrow_exception(work.thrown);
  return trials;
}

// The steps for which this is true. One that depends on others becomes ready when it would if none of those had waited.
template <class Predicate>
trace::Trace steps_of(const trace::Trace& trace, Predicate is_part) {
  const auto ready = trace::ready_without_waiting(trace);
  std::vector<std::uint32_t> order;
  for (std::uint32_t i = 0; i < trace.steps.size(); ++i) {
    if (is_part(i)) order.push_back(i);
  }
  const auto is_elsewhere = [&](std::uint32_t step) { return !is_part(step); };
  const auto ready_at = [&](std::uint32_t i) {
    const trace::TraceStep& step = trace.steps[i];
    return std::ranges::any_of(step.depends_on, is_elsewhere) ? *ready[i] : step.ready_at;
  };
  std::ranges::sort(order, {}, [&](std::uint32_t i) { return std::pair(ready_at(i), i); });
  std::vector<std::uint32_t> place(trace.steps.size());
  for (std::uint32_t i = 0; i < order.size(); ++i) place[order[i]] = i;
  trace::Trace part{.step_types = trace.step_types, .steps = {}};
  for (const std::uint32_t i : order) {
    trace::TraceStep step = trace.steps[i];
    step.ready_at = ready_at(i);
    std::erase_if(step.depends_on, is_elsewhere);
    for (std::uint32_t& earlier : step.depends_on) earlier = place[earlier];
    part.steps.push_back(std::move(step));
  }
  return part;
}

Seconds mean_duration(const trace::Trace& trace) {
  Millis sum{0};
  for (const trace::TraceStep& step : trace.steps) sum += step.duration;
  return std::chrono::ceil<Seconds>(sum / std::ssize(trace.steps));
}

// Of one pool, whose steps are those of the trace.
class Search {
 public:
  Search(Config config, PoolName pool, const SimulationTerms& terms, act::Voice& voice)
      : config_(std::move(config)), pool_(std::move(pool)), terms_(terms), voice_(voice) {
    std::erase_if(config_.pools, [&](const auto& entry) { return entry.first != pool_; });
  }

  std::vector<Trial> run(const std::vector<Setting>& settings, const trace::Trace& steps, std::string_view what) {
    return run_trials(config_, steps, terms_, settings, fmt::format("{}: {}", pool_, what), voice_);
  }

  // The present setting comes first.
  std::vector<Trial> search(const trace::Trace& steps) {
    const Seconds boot = mean_boot(terms_.boots, pool_);
    auto trials =
        run(coarse_settings(config_.pools.at(pool_), boot, mean_duration(steps)), steps, "settings of all kinds");
    std::set<Setting> tried;
    for (const Trial& trial : trials) tried.insert(trial.setting);
    auto finer = run(finer_settings(config_.pools.at(pool_), front_of(trials), trials.front(), tried, finer_at_most),
                     steps, "settings near the best");
    std::ranges::move(finer, std::back_inserter(trials));
    return trials;
  }

 private:
  Config config_;
  PoolName pool_;
  const SimulationTerms& terms_;
  act::Voice& voice_;
};

void move_into(std::vector<Trial>& front, Trial trial) {
  if (std::ranges::find(front, trial.setting, &Trial::setting) != front.end()) return;
  const auto dearer = std::ranges::find_if(front, [&](const Trial& other) { return other.price() > trial.price(); });
  front.insert(dearer, std::move(trial));
}

const Trial& with(const std::vector<Trial>& trials, const Setting& setting) {
  return *std::ranges::find(trials, setting, &Trial::setting);
}

// The present setting comes first in both.
std::vector<Trial> better_on_both(const std::vector<Trial>& on_half, const std::vector<Trial>& on_all) {
  std::vector<Trial> better;
  std::ranges::copy_if(on_all, std::back_inserter(better), [&](const Trial& trial) {
    return is_better(trial, on_all.front()) && is_better(with(on_half, trial.setting), on_half.front());
  });
  return better;
}

// With the second half: the best of those that are better on both, and the next ones until one is no worse there;
// without any, what the first half alone would suggest. The present setting comes first. Empty: nothing is better.
std::vector<Trial> trials_on_rest(Search& search, const trace::Trace& rest, const TrialsOnParts& trials) {
  const Trial& now = trials.on_all.front();
  auto candidates = better_on_both(trials.on_half, trials.on_all);
  const bool is_for_half_alone = candidates.empty();
  auto front = front_of(is_for_half_alone ? trials.on_half : candidates);
  const Trial* best = best_of(front, is_for_half_alone ? trials.on_half.front() : now);
  std::vector<Trial> on_rest;
  while (best != nullptr) {
    const Setting setting = best->setting;
    const auto settings = on_rest.empty() ? std::vector{now.setting, setting} : std::vector{setting};
    std::ranges::move(search.run(settings, rest, "the best for the second half"), std::back_inserter(on_rest));
    if (is_for_half_alone || !is_worse(on_rest.back(), on_rest.front())) break;
    std::erase_if(candidates, [&](const Trial& trial) { return trial.setting == setting; });
    front = front_of(candidates);
    best = best_of(front, now);
  }
  return on_rest;
}

OnHalves on_halves(const Setting& setting, const TrialsOnParts& trials) {
  const auto compared = [&](const std::vector<Trial>& part) {
    return Comparison{.now = part.front(), .other = with(part, setting)};
  };
  OnHalves halves{.first = compared(trials.on_half)};
  if (!trials.on_rest.empty()) halves.second = compared(trials.on_rest);
  return halves;
}

// The present one, the landmarks of the front, and others of it.
std::vector<Setting> to_simulate_with_all_steps(const Trial& now, const std::vector<Trial>& front) {
  std::vector<Setting> settings{now.setting};
  const auto add = [&](const Setting& setting) {
    const bool is_known = std::ranges::find(settings, setting) != settings.end();
    if (!is_known && settings.size() < simulated_with_all_steps) settings.push_back(setting);
  };
  if (front.empty()) return settings;
  for (const Trial* landmark : landmarks_of(front, now)) add(landmark->setting);
  for (std::size_t i = 1; i < front.size(); i += 2) add(front[i].setting);
  return settings;
}

}  // namespace

const Trial* Tuning::suggestion() const {
  if (!suggested) return nullptr;
  const auto found = std::ranges::find(front, *suggested, &Trial::setting);
  return found == front.end() ? nullptr : &*found;
}

Tuning judged(const TrialsOnParts& trials) {
  Tuning tuning{.now = trials.on_all.front(), .front = front_of(trials.on_all)};
  auto lasting = better_on_both(trials.on_half, trials.on_all);
  std::erase_if(lasting, [&](const Trial& trial) {
    const auto on_rest = std::ranges::find(trials.on_rest, trial.setting, &Trial::setting);
    if (on_rest == trials.on_rest.end()) return !trials.on_rest.empty();
    return is_worse(*on_rest, trials.on_rest.front());
  });
  const auto front = front_of(std::move(lasting));
  if (const Trial* best = best_of(front, tuning.now)) {
    tuning.suggested = best->setting;
    move_into(tuning.front, *best);
    tuning.on_halves = on_halves(best->setting, trials);
  } else if (trials.on_rest.size() > 1) {
    tuning.on_halves = on_halves(trials.on_rest[1].setting, trials);
  }
  return tuning;
}

trace::Trace part_of(const trace::Trace& trace, const Config& config, const std::set<PoolName>& pools) {
  std::vector<bool> is_its_own;
  is_its_own.reserve(trace.step_types.size());
  for (const std::string& key : trace.step_types) {
    const auto pool = decide::pool_of(parse_step_type(key), config);
    is_its_own.push_back(pool && pools.contains(*pool));
  }
  return steps_of(trace, [&](std::uint32_t step) { return is_its_own[trace.steps[step].type]; });
}

std::optional<Tuning> tune(const Config& config, const PoolName& pool, const trace::Trace& trace,
                           const SimulationTerms& terms, act::Voice& voice) {
  const trace::Trace all = part_of(trace, config, {pool});
  if (all.steps.empty()) return std::nullopt;
  const std::size_t half = (all.steps.size() + 1) / 2;
  const auto is_of_first = [&](std::uint32_t step) { return step < half; };
  Search search(config, pool, terms, voice);
  TrialsOnParts trials{.on_half = search.search(steps_of(all, is_of_first))};
  const auto settings = to_simulate_with_all_steps(trials.on_half.front(), front_of(trials.on_half));
  trials.on_all = search.run(settings, all, "the best for all steps");
  const trace::Trace rest = steps_of(all, std::not_fn(is_of_first));
  if (!rest.steps.empty()) trials.on_rest = trials_on_rest(search, rest, trials);
  return judged(trials);
}

}  // namespace hydra_provisioner::forecast
