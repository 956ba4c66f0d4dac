#include "forecast/settings.hpp"

#include <algorithm>
#include <array>
#include <ranges>
#include <utility>

#include <fmt/format.h>

namespace hydra_provisioner::forecast {
namespace {

// Waits and prices that differ by no more than this count as the same: with other random numbers they would differ by
// as much.
constexpr double same_wait = 0.5;
constexpr double same_price = 1.01;
constexpr double same_share_of_wait = 0.98;

Setting between(const Setting& a, const Setting& b) {
  Setting middle = a;
  middle.runnables_per_machine = (a.runnables_per_machine + b.runnables_per_machine) / 2;
  middle.target_wait = (a.target_wait + b.target_wait) / 2;
  middle.grace = (a.grace + b.grace) / 2;
  return middle;
}

// Without those that change nothing, because there were never as many machines.
std::vector<Setting> with_other_maximum(const Trial& trial) {
  std::vector<Setting> others;
  const std::int64_t most = trial.setting.max_machines;
  const auto add = [&](std::int64_t maximum) {
    others.push_back(trial.setting);
    others.back().max_machines = maximum;
  };
  if (most > 1 && trial.forecast.peak_machines > most / 2) add(most / 2);
  if (trial.forecast.peak_machines >= most) add(most * 2);
  return others;
}

std::vector<Setting> beside(const Trial& trial) {
  const Setting& setting = trial.setting;
  std::vector<Setting> near(5, setting);
  near[0].spares_by_arrivals = !setting.spares_by_arrivals;
  near[0].spare_slots = 0;
  near[1].packing = !setting.packing;
  near[2].grace = setting.grace == Seconds{0} ? grace_by_work : setting.grace / 2;
  if (setting.scaling == Scaling::work) {
    near[3].target_wait = std::max(setting.target_wait / 2, Seconds{1});
    near[4].target_wait = setting.target_wait * 2;
  } else {
    near[3].runnables_per_machine = std::max<std::int64_t>(setting.runnables_per_machine * 3 / 4, 1);
    near[4].runnables_per_machine = setting.runnables_per_machine * 3 / 2;
  }
  std::ranges::move(with_other_maximum(trial), std::back_inserter(near));
  return near;
}

// Without two that are nearly the same.
std::vector<Seconds> target_waits(Seconds longest) {
  std::vector<Seconds> waits{Seconds{60}, Seconds{300}, Seconds{1200}};
  const auto is_near = [&](Seconds wait) { return wait > longest * 9 / 10 && wait < longest * 11 / 10; };
  if (std::ranges::none_of(waits, is_near)) waits.push_back(longest);
  return waits;
}

// With fewer machines at most, those that are always kept have no room.
std::int64_t least_maximum(const PoolConfig& pool) {
  std::int64_t running = std::max(pool.min_machines, pool.spare_machines);
  for (const Schedule& schedule : pool.schedules)
    running = std::max({running, schedule.min_machines.value_or(0), schedule.spare_machines.value_or(0)});
  return std::min(running + pool.standby_machines, pool.max_machines);
}

bool is_as_quick_and_cheaper(const Trial& trial, const Trial& now) {
  return trial.wait() <= now.wait() + same_wait && is_cheaper(trial, now);
}

bool is_quicker_and_no_dearer(const Trial& trial, const Trial& now) {
  return is_quicker(trial, now) && trial.price() <= now.price();
}

}  // namespace

Setting setting_of(const PoolConfig& pool) {
  Setting setting{.scaling = pool.scaling,
                  .spare_slots = pool.spare_slots,
                  .spares_by_arrivals = pool.spares_by_arrivals,
                  .packing = pool.packing,
                  .grace = pool.grace_period,
                  .max_machines = pool.max_machines};
  // The other one has no effect, so settings that differ in it are the same.
  if (pool.scaling == Scaling::work)
    setting.target_wait = pool.target_wait;
  else
    setting.runnables_per_machine = pool.runnables_per_machine;
  return setting;
}

PoolConfig with_setting(PoolConfig pool, const Setting& setting) {
  pool.scaling = setting.scaling;
  pool.runnables_per_machine = setting.runnables_per_machine;
  pool.target_wait = setting.target_wait;
  pool.spare_slots = setting.spare_slots;
  pool.spares_by_arrivals = setting.spares_by_arrivals;
  pool.packing = setting.packing;
  pool.grace_period = setting.grace;
  pool.max_machines = std::max(setting.max_machines, least_maximum(pool));
  return pool;
}

double Trial::price() const { return forecast.cost ? units_in(*forecast.cost) : hours_in(forecast.machine_time()); }

double Trial::ratio_to_level() const {
  const Millis level = forecast.bounds.level;
  return level == Millis{0} ? 1 : hours_in(forecast.machine_time()) / hours_in(level);
}

std::vector<Setting> coarse_settings(const PoolConfig& pool, Seconds boot, Seconds step) {
  const Setting now = setting_of(pool);
  std::vector<Setting> settings{now};
  const auto add = [&](Setting setting) {
    setting.max_machines = now.max_machines;
    if (std::ranges::find(settings, setting) == settings.end()) settings.push_back(setting);
  };
  const Setting by_work{.scaling = Scaling::work, .packing = true, .grace = grace_by_work};
  for (const bool spares : {false, true}) {
    // With a shorter target wait than the last, every step of a burst gets a slot of its own: see docs/scaling.md.
    for (const Seconds wait : target_waits(boot + 2 * step)) {
      Setting setting = by_work;
      setting.target_wait = wait;
      setting.spares_by_arrivals = spares;
      if (!spares || wait <= Seconds{300}) add(setting);
    }
  }
  for (const std::int64_t runnables : {1, 3, 10, 30}) add({.runnables_per_machine = runnables});
  add({.runnables_per_machine = 1, .grace = boot});
  Setting with_shorter_grace = now;
  with_shorter_grace.grace /= 2;
  add(with_shorter_grace);
  return settings;
}

std::vector<Setting> finer_settings(const PoolConfig& pool, const std::vector<Trial>& front, const Trial& now,
                                    const std::set<Setting>& tried, std::size_t most) {
  if (front.empty()) return {};
  std::vector<Setting> finer;
  std::set<Setting> known = tried;
  const auto add = [&](const Setting& setting) {
    const Setting possible = setting_of(with_setting(pool, setting));
    if (finer.size() < most && known.insert(possible).second) finer.push_back(possible);
  };
  for (const Trial* landmark : landmarks_of(front, now)) std::ranges::for_each(beside(*landmark), add);
  for (std::size_t i = 1; i < front.size(); ++i) {
    const Setting& setting = front[i].setting;
    if (front[i - 1].setting.scaling == setting.scaling) add(between(front[i - 1].setting, setting));
  }
  return finer;
}

std::vector<Trial> front_of(std::vector<Trial> trials) {
  std::erase_if(trials, [](const Trial& trial) { return trial.forecast.unfinished > 0; });
  std::ranges::sort(trials, {},
                    [](const Trial& trial) { return std::tuple(trial.price(), trial.wait(), trial.setting); });
  std::vector<Trial> front;
  for (Trial& trial : trials) {
    if (!front.empty() && trial.wait() > front.back().wait() - same_wait) continue;
    front.push_back(std::move(trial));
  }
  return front;
}

bool is_cheaper(const Trial& one, const Trial& other) { return one.price() * same_price < other.price(); }

bool is_quicker(const Trial& one, const Trial& other) {
  return one.wait() + same_wait < other.wait() && one.wait() < other.wait() * same_share_of_wait;
}

bool is_better(const Trial& trial, const Trial& now) {
  return is_as_quick_and_cheaper(trial, now) || is_quicker_and_no_dearer(trial, now);
}

bool is_worse(const Trial& trial, const Trial& now) {
  return is_cheaper(now, trial) || is_quicker(now, trial) || trial.forecast.unfinished > now.forecast.unfinished;
}

const Trial* best_of(const std::vector<Trial>& front, const Trial& now) {
  const auto cheaper =
      std::ranges::find_if(front, [&](const Trial& trial) { return is_as_quick_and_cheaper(trial, now); });
  if (cheaper != front.end()) return &*cheaper;
  // The later ones in the front are quicker.
  const auto from_quickest = front | std::views::reverse;
  const auto quicker =
      std::ranges::find_if(from_quickest, [&](const Trial& trial) { return is_quicker_and_no_dearer(trial, now); });
  return quicker == from_quickest.end() ? nullptr : &*quicker;
}

const Trial* knee_of(const std::vector<Trial>& front) {
  if (front.size() < 3) return nullptr;
  const double prices = front.back().price() - front.front().price();
  const double waits = front.front().wait() - front.back().wait();
  if (!(prices > 0) || !(waits > 0)) return nullptr;
  // How far it is below the straight line between both ends, both measured as shares of the whole front.
  const auto depth = [&](const Trial& trial) {
    return (front.front().wait() - trial.wait()) / waits - (trial.price() - front.front().price()) / prices;
  };
  const auto knee = std::ranges::max_element(front, {}, depth);
  return depth(*knee) > 0 ? &*knee : nullptr;
}

std::vector<const Trial*> landmarks_of(const std::vector<Trial>& front, const Trial& now) {
  std::vector<const Trial*> landmarks;
  for (const Trial* trial : {best_of(front, now), knee_of(front), &front.back(), &front.front()}) {
    if (trial != nullptr && std::ranges::find(landmarks, trial) == landmarks.end()) landmarks.push_back(trial);
  }
  return landmarks;
}

std::string nix_text(const Setting& setting) {
  std::string text;
  if (setting.scaling == Scaling::work) {
    text += fmt::format("scaling = \"work\";\ntargetWait = {};\n", setting.target_wait.count());
  } else {
    text += fmt::format("scaling = \"runnables\";\nrunnablesPerMachine = {};\n", setting.runnables_per_machine);
  }
  text +=
      fmt::format("spareSlots = {};\n", setting.spares_by_arrivals ? "\"auto\"" : std::to_string(setting.spare_slots));
  text += fmt::format("packing = {};\n", setting.packing);
  text += fmt::format("gracePeriod = {};\n", setting.grace.count());
  return text + fmt::format("maxMachines = {};\n", setting.max_machines);
}

}  // namespace hydra_provisioner::forecast
