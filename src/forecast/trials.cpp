#include "forecast/trials.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <mutex>
#include <thread>

#include <fmt/format.h>

namespace hydra_provisioner::forecast {
namespace {

constexpr std::chrono::milliseconds between_looks{500};

// What the threads share: the next setting is anybody's, each result is one thread's alone.
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

}  // namespace

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

}  // namespace hydra_provisioner::forecast
