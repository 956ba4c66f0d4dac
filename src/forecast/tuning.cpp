#include "forecast/tuning.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
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

std::string bar(std::size_t done, std::size_t all) {
  constexpr std::size_t length = 20;
  const std::size_t full = length * done / all;
  return std::string(full, '#') + std::string(length - full, '.');
}

std::string progress_text(const std::string& what, std::size_t done, std::size_t all, double elapsed) {
  std::string text = fmt::format("{} [{}] {} of {}", what, bar(done, all), done, all);
  if (done > 0)
    text += fmt::format(", {:.0f} s left", elapsed / static_cast<double>(done) * static_cast<double>(all - done));
  return text;
}

void wait_for_all(Work& work, std::size_t all, const std::string& what, act::Voice& voice) {
  const auto begin = std::chrono::steady_clock::now();
  std::unique_lock lock(work.mutex);
  while (work.done < all) {
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begin;
    voice.progress(progress_text(what, work.done, all, elapsed.count()));
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

}  // namespace

trace::Trace part_of(const trace::Trace& trace, const Config& config, const std::set<PoolName>& pools) {
  std::vector<bool> is_its_own;
  is_its_own.reserve(trace.step_types.size());
  for (const std::string& key : trace.step_types) {
    const auto pool = decide::pool_of(parse_step_type(key), config);
    is_its_own.push_back(pool && pools.contains(*pool));
  }
  const auto ready = trace::ready_without_waiting(trace);
  std::vector<std::uint32_t> order;
  for (std::uint32_t i = 0; i < trace.steps.size(); ++i) {
    if (is_its_own[trace.steps[i].type]) order.push_back(i);
  }
  const auto is_elsewhere = [&](std::uint32_t step) { return !is_its_own[trace.steps[step].type]; };
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

Tuning tune(const Config& config, const PoolName& pool, const trace::Trace& trace, const SimulationTerms& terms,
            act::Voice& voice) {
  Config alone = config;
  std::erase_if(alone.pools, [&](const auto& entry) { return entry.first != pool; });
  const trace::Trace part = part_of(trace, config, {pool});
  const auto try_all = [&](const std::vector<Setting>& settings, std::string_view what) {
    return run_trials(alone, part, terms, settings, fmt::format("{}: {}", pool, what), voice);
  };
  std::vector<Trial> trials =
      try_all(coarse_settings(alone.pools.at(pool), mean_boot(terms.boots, pool)), "settings of all kinds");
  Tuning tuning{.now = trials.front(), .front = {}};
  std::set<Setting> tried;
  for (const Trial& trial : trials) tried.insert(trial.setting);
  const std::vector<Trial> finer = try_all(finer_settings(front_of(trials), tried), "settings near the best");
  trials.insert(trials.end(), finer.begin(), finer.end());
  tuning.front = front_of(std::move(trials));
  return tuning;
}

}  // namespace hydra_provisioner::forecast
