#include "observe/schedules.hpp"

#include <algorithm>
#include <chrono>
#include <ranges>

#include "io/text/time_zone.hpp"

namespace hydra_provisioner::observe {
namespace {

bool matches(const Schedule& schedule, Instant time) {
  const io::LocalHour local = io::local_hour(schedule.time_zone, time);
  return schedule.days.test(local.weekday) && schedule.hours.test(local.hour);
}

// Null: none matches.
const Schedule* matching(const std::vector<Schedule>& schedules, Instant time) {
  const auto from_last = schedules | std::views::reverse;
  const auto found = std::ranges::find_if(from_last, [time](const Schedule& each) { return matches(each, time); });
  return found == from_last.end() ? nullptr : &*found;
}

// In every time zone an hour begins at a quarter of an hour in UTC.
std::optional<Instant> change_after(const std::vector<Schedule>& schedules, const Schedule* present, Instant now) {
  constexpr Seconds quarter{15 * 60};
  constexpr std::chrono::days horizon{8};
  const Instant first = Instant{(now.time_since_epoch() / quarter + 1) * quarter};
  for (Instant time = first; time < now + horizon; time += quarter) {
    if (matching(schedules, time) != present) return time;
  }
  return std::nullopt;
}

}  // namespace

ScheduledLimits scheduled_limits(const std::vector<Schedule>& schedules, Instant now) {
  const Schedule* present = matching(schedules, now);
  ScheduledLimits limits{
      .period = {}, .min_machines = {}, .max_machines = {}, .until = change_after(schedules, present, now)};
  if (present == nullptr) return limits;
  limits.period = present->text;
  limits.min_machines = present->min_machines;
  limits.max_machines = present->max_machines;
  return limits;
}

std::map<PoolName, ScheduledLimits> scheduled_limits(const Config& config, Instant now) {
  std::map<PoolName, ScheduledLimits> limits;
  for (const auto& [name, pool] : config.pools) {
    if (!pool.schedules.empty()) limits.emplace(name, scheduled_limits(pool.schedules, now));
  }
  return limits;
}

}  // namespace hydra_provisioner::observe
