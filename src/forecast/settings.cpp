#include "forecast/settings.hpp"

#include <algorithm>
#include <array>
#include <ranges>
#include <utility>

#include <fmt/format.h>

#include "model/machine.hpp"

namespace hydra_provisioner::forecast {
namespace {

// Waits and prices that differ by no more than this count as the same.
constexpr double same_wait = 0.5;
constexpr double same_price = 1.001;

Setting between(const Setting& a, const Setting& b) {
  Setting middle = a;
  middle.runnables_per_machine = (a.runnables_per_machine + b.runnables_per_machine) / 2;
  middle.target_wait = (a.target_wait + b.target_wait) / 2;
  if (a.grace && b.grace) middle.grace = (*a.grace + *b.grace) / 2;
  return middle;
}

std::vector<Setting> beside(const Setting& setting) {
  std::vector<Setting> near(6, setting);
  near[0].packing = !setting.packing;
  near[1].max_machines = std::max<std::int64_t>(setting.max_machines / 2, 1);
  near[2].max_machines = setting.max_machines * 2;
  near[3].grace = setting.grace.value_or(usual_boot_time) / 2;
  if (setting.scaling == Scaling::work) {
    near[4].target_wait = std::max(setting.target_wait / 2, Seconds{1});
    near[5].target_wait = setting.target_wait * 2;
  } else {
    near[4].runnables_per_machine = std::max<std::int64_t>(setting.runnables_per_machine * 3 / 4, 1);
    near[5].runnables_per_machine = setting.runnables_per_machine * 3 / 2;
  }
  return near;
}

}  // namespace

Setting setting_of(const PoolConfig& pool) {
  const std::optional<Seconds> grace = pool.grace_is_boot_time ? std::nullopt : std::optional(pool.grace_period);
  return {.scaling = pool.scaling,
          .runnables_per_machine = pool.runnables_per_machine,
          .target_wait = pool.target_wait,
          .packing = pool.packing,
          .grace = grace,
          .max_machines = pool.max_machines};
}

PoolConfig with_setting(PoolConfig pool, const Setting& setting) {
  pool.scaling = setting.scaling;
  pool.runnables_per_machine = setting.runnables_per_machine;
  pool.target_wait = setting.target_wait;
  pool.packing = setting.packing;
  pool.grace_is_boot_time = !setting.grace;
  pool.grace_period = setting.grace.value_or(Seconds{0});
  pool.max_machines = std::max(setting.max_machines, pool.min_machines);
  return pool;
}

double Trial::price() const { return forecast.cost ? units_in(*forecast.cost) : hours_in(forecast.machine_time()); }

double Trial::ratio_to_level() const {
  const Millis level = forecast.bounds.level;
  return level == Millis{0} ? 1 : hours_in(forecast.machine_time()) / hours_in(level);
}

std::vector<Setting> coarse_settings(const PoolConfig& pool, Seconds boot) {
  const Setting now = setting_of(pool);
  std::vector<Setting> settings{now};
  const auto add = [&](Setting setting) {
    setting.max_machines = now.max_machines;
    if (std::ranges::find(settings, setting) == settings.end()) settings.push_back(setting);
  };
  for (const bool packing : {false, true}) {
    for (const std::int64_t runnables : {1, 2, 5, 10, 25}) {
      for (const Seconds grace : {Seconds{0}, boot, 4 * boot})
        add({.runnables_per_machine = runnables, .packing = packing, .grace = grace});
    }
    for (const Seconds wait : {Seconds{60}, Seconds{300}, Seconds{1200}})
      add({.scaling = Scaling::work, .target_wait = wait, .packing = packing});
  }
  return settings;
}

std::vector<Setting> finer_settings(const std::vector<Trial>& front, const std::set<Setting>& tried) {
  std::set<Setting> finer;
  for (std::size_t i = 0; i < front.size(); ++i) {
    const Setting& setting = front[i].setting;
    for (const Setting& near : beside(setting)) finer.insert(near);
    if (i > 0 && front[i - 1].setting.scaling == setting.scaling) finer.insert(between(front[i - 1].setting, setting));
  }
  std::vector<Setting> untried;
  std::ranges::set_difference(finer, tried, std::back_inserter(untried));
  return untried;
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

const Trial* best_of(const std::vector<Trial>& front, const Trial& now) {
  const auto quick = std::ranges::find_if(front, [&](const Trial& trial) {
    return trial.wait() <= now.wait() + same_wait && trial.price() * same_price < now.price();
  });
  if (quick != front.end()) return &*quick;
  // The later ones in the front are quicker.
  const auto from_quickest = front | std::views::reverse;
  const auto quicker = std::ranges::find_if(from_quickest, [&](const Trial& trial) {
    return trial.wait() + same_wait < now.wait() && trial.price() <= now.price();
  });
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

std::string nix_text(const Setting& setting) {
  std::string text;
  if (setting.scaling == Scaling::work) {
    text += fmt::format("scaling = \"work\";\ntargetWait = {};\n", setting.target_wait.count());
  } else {
    text += fmt::format("runnablesPerMachine = {};\n", setting.runnables_per_machine);
  }
  text += fmt::format("packing = {};\n", setting.packing);
  if (setting.grace) text += fmt::format("gracePeriod = {};\n", setting.grace->count());
  return text + fmt::format("maxMachines = {};\n", setting.max_machines);
}

}  // namespace hydra_provisioner::forecast
