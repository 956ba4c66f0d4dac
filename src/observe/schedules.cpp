#include "observe/schedules.hpp"

#include <algorithm>
#include <chrono>
#include <ranges>

#include "io/text/time_zone.hpp"

namespace hydra_provisioner::observe {
namespace {

bool matches(const Schedule& schedule, Instant time) {
  const io::LocalTime local = io::local_time_in(schedule.time_zone, time);
  return schedule.days.test(local.weekday) && schedule.minutes.test(local.minute);
}

// Null: none matches.
const Schedule* matching(const std::vector<Schedule>& schedules, Instant time) {
  const auto from_last = schedules | std::views::reverse;
  const auto found = std::ranges::find_if(from_last, [time](const Schedule& each) { return matches(each, time); });
  return found == from_last.end() ? nullptr : &*found;
}

constexpr std::size_t quarter_minutes = 15;

// Whether all of its times are full quarters of an hour.
bool is_of_quarters(const Schedule& schedule) {
  for (std::size_t minute = 1; minute < minutes_of_day; ++minute) {
    const bool changes = schedule.minutes.test(minute) != schedule.minutes.test(minute - 1);
    if (changes && minute % quarter_minutes != 0) return false;
  }
  return true;
}

// In every time zone an hour begins at a quarter of an hour in UTC.
std::optional<Instant> change_after(const std::vector<Schedule>& schedules, const Schedule* present, Instant now) {
  const Seconds step{std::ranges::all_of(schedules, is_of_quarters) ? quarter_minutes * 60 : 60};
  constexpr std::chrono::days horizon{8};
  const Instant first = Instant{(now.time_since_epoch() / step + 1) * step};
  for (Instant time = first; time < now + horizon; time += step) {
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
  limits.spare_machines = present->spare_machines;
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
