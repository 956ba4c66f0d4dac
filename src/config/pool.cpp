#include "config/pool.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "config/cron_field.hpp"
#include "config/providers.hpp"

namespace hydra_provisioner::config {
namespace {

void read_name(PoolConfig& pool, const std::string& path, Report& report);
void read_kind(PoolConfig& pool, Settings& settings);
void read_machines(PoolConfig& pool, Settings& settings);
void read_times(PoolConfig& pool, Settings& settings);
void read_schedules(PoolConfig& pool, Settings& settings, Report& report);
void read_scaling(PoolConfig& pool, Settings& settings);
void check_user(PoolConfig& pool, Settings& settings);
void check_uids(const PoolConfig& pool, Settings& settings);
void check_jobs(PoolConfig& pool, Settings& settings);
void check_stops(const PoolConfig& pool, Settings& settings);

}  // namespace

void read_budget(Budget& budget, Settings& settings) {
  settings.read("maxCostPerDay", budget.per_day);
  settings.read("maxCostPerMonth", budget.per_month);
}

PoolConfig read_pool(std::string_view name, const std::string& path, const io::Json& value, Report& report) {
  PoolConfig pool;
  pool.name = PoolName(std::string(name));
  read_name(pool, path, report);
  if (auto checked = check_attribute_set(value); !checked) {
    report.add(path, checked.error().message);
    return pool;
  }
  Settings settings(path, value, pool_options(), report);
  read_kind(pool, settings);
  read_machines(pool, settings);
  read_times(pool, settings);
  read_schedules(pool, settings, report);
  read_scaling(pool, settings);
  pool.provider = read_provider(settings, report);
  check_user(pool, settings);
  check_uids(pool, settings);
  check_jobs(pool, settings);
  check_stops(pool, settings);
  if (!pool.billing_period) pool.billing_period = traits_of(pool.kind()).billing_period;
  pool.settings_json = io::compact(value);
  return pool;
}

namespace {

void read_name(PoolConfig& pool, const std::string& path, Report& report) {
  auto type = parse_system_type(pool.name.text);
  if (type) {
    pool.type = *std::move(type);
  } else {
    report.add(path, type.error().message);
  }
}

void read_names(std::set<std::string>& names, std::string_view option, Settings& settings) {
  std::vector<std::string> list(names.begin(), names.end());
  settings.read(option, list);
  names = {list.begin(), list.end()};
}

// What the name says holds where nothing else is given. The queue runner needs mandatory features among the supported
// ones, too.
void read_kind(PoolConfig& pool, Settings& settings) {
  read_names(pool.type.systems, "systems", settings);
  read_names(pool.type.supported_features, "supportedFeatures", settings);
  read_names(pool.type.mandatory_features, "mandatoryFeatures", settings);
  pool.type.supported_features.insert(pool.type.mandatory_features.begin(), pool.type.mandatory_features.end());
  settings.read("spill", pool.spill);
}

void check_room(const PoolConfig& pool, Settings& settings) {
  const std::string_view by_default = settings.has("maxMachines") ? "" : " by default";
  if (pool.spare_machines > pool.max_machines) {
    settings.report("spareMachines", fmt::format("{} is more than maxMachines, which is {}{}; change one of them",
                                                 pool.spare_machines, pool.max_machines, by_default));
  }
  const std::int64_t running = std::max(pool.min_machines, pool.spare_machines);
  if (pool.standby_machines == 0 || running > pool.max_machines || running + pool.standby_machines <= pool.max_machines)
    return;
  settings.report(
      "standbyMachines",
      fmt::format("{} and the {} machines that always run are more than maxMachines, which is {}{}; raise "
                  "that to {}, or lower the others",
                  pool.standby_machines, running, pool.max_machines, by_default, running + pool.standby_machines));
}

void read_machines(PoolConfig& pool, Settings& settings) {
  const bool min_is_right = settings.read("minMachines", pool.min_machines);
  const bool max_is_right = settings.read("maxMachines", pool.max_machines);
  if (min_is_right && max_is_right && pool.min_machines > pool.max_machines) {
    settings.report("minMachines",
                    fmt::format("{} is more than maxMachines, which is {}{}; change one of them", pool.min_machines,
                                pool.max_machines, settings.has("maxMachines") ? "" : " by default"));
  }
  settings.read("spareMachines", pool.spare_machines);
  settings.read("standbyMachines", pool.standby_machines);
  if (max_is_right) check_room(pool, settings);
  settings.read("ignoredRunnables", pool.ignored_runnables);
  settings.read("runnablesPerMachine", pool.runnables_per_machine);
  CountOrAuto jobs{.count = pool.max_jobs};
  settings.read("maxJobs", jobs);
  pool.jobs_by_machine = jobs.is_auto;
  if (!jobs.is_auto) pool.max_jobs = jobs.count;
  settings.read("speedFactor", pool.speed_factor);
  settings.read("sshKey", pool.ssh_key);
  settings.read("sshUser", pool.ssh_user);
  settings.read("host", pool.host);
  settings.read("builderEndpoint", pool.builder_endpoint);
  if (settings.has("builderTokenFile") && !settings.has("builderEndpoint"))
    settings.report("builderTokenFile", "belongs to builderEndpoint, which is not given; add that, or remove this");
  settings.read("builderTokenFile", pool.builder_token_file);
}

void read_times(PoolConfig& pool, Settings& settings) {
  settings.read("stopOnIdle", pool.stop_on_idle);
  settings.read("gracePeriod", pool.grace_period);
  settings.read("billingPeriod", pool.billing_period);
  settings.read("bootTimeout", pool.boot_timeout);
  settings.read("maxAge", pool.max_age);
  settings.read("maxUnavailable", pool.max_unavailable);
  settings.read("replaceOnChange", pool.replace_on_change);
  settings.read("consecutiveFailures", pool.consecutive_failures);
  settings.read("maxUnhealthy", pool.max_unhealthy);
  settings.read("pricePerHour", pool.price_per_hour);
  settings.read("stoppedPricePerHour", pool.stopped_price_per_hour);
  if (pool.stopped_price_per_hour && !settings.has("pricePerHour"))
    settings.report("stoppedPricePerHour", "is given without pricePerHour; add that, or remove this");
  read_budget(pool.budget, settings);
  if ((pool.budget.per_day || pool.budget.per_month) && !pool.price_per_hour)
    settings.report("pricePerHour", "is not given, so nothing would ever count for the type's budget; add it");
}

Schedule read_schedule(Settings& settings) {
  Schedule schedule;
  std::string days = "*";
  std::string hours = "*";
  std::string time_zone = "UTC";
  settings.read("days", days);
  settings.read("hours", hours);
  settings.read("timeZone", time_zone);
  settings.read("minMachines", schedule.min_machines);
  settings.read("maxMachines", schedule.max_machines);
  settings.read("spareMachines", schedule.spare_machines);
  if (!settings.has("minMachines") && !settings.has("maxMachines") && !settings.has("spareMachines"))
    settings.report(
        "minMachines",
        "neither this nor maxMachines nor spareMachines is given, so the schedule would change nothing; add one");
  schedule.days = parse_days(days).value_or(schedule.days);
  schedule.minutes = parse_hours(hours).value_or(schedule.minutes);
  schedule.text = fmt::format("{} {} {}", days, hours, time_zone);
  schedule.time_zone = std::move(time_zone);
  return schedule;
}

void read_schedules(PoolConfig& pool, Settings& settings, Report& report) {
  for (const io::Json* element : settings.list_of_attributes("schedules")) {
    const std::string path = element_path(settings.path_of("schedules"), pool.schedules.size() + 1);
    Settings own(path, *element, schedule_options(), report);
    pool.schedules.push_back(read_schedule(own));
    const Schedule& schedule = pool.schedules.back();
    const std::int64_t min = schedule.min_machines.value_or(pool.min_machines);
    const std::int64_t max = schedule.max_machines.value_or(pool.max_machines);
    if (min > max)
      report.add(path,
                 fmt::format("minMachines {} is more than maxMachines {} in this schedule; change one", min, max));
    const std::int64_t running = std::max(min, schedule.spare_machines.value_or(pool.spare_machines));
    if (pool.standby_machines > 0 && running <= max && running + pool.standby_machines > max) {
      report.add(path,
                 fmt::format("standbyMachines {} and the {} machines that always run in this schedule are more than "
                             "maxMachines {}; change one",
                             pool.standby_machines, running, max));
    }
    if (schedule.spare_machines.value_or(0) > max) {
      report.add(path, fmt::format("spareMachines {} is more than maxMachines {} in this schedule; change one",
                                   *schedule.spare_machines, max));
    }
  }
}

// `ec2.sshUser` is older than `sshUser`, and means the same.
void check_user(PoolConfig& pool, Settings& settings) {
  const ProviderTraits& provider = traits_of(pool.kind());
  if (provider.accepts_only_root && pool.ssh_user != "root")
    settings.report("sshUser", fmt::format("{} machines accept only root; remove it", provider.option));
  const auto* ec2 = std::get_if<Ec2Settings>(&pool.provider);
  if (ec2 == nullptr || ec2->ssh_user.empty()) return;
  if (settings.has("sshUser")) settings.report("sshUser", "is given in ec2, too; keep one of them");
  pool.ssh_user = ec2->ssh_user;
}

void check_uids(const PoolConfig& pool, Settings& settings) {
  const auto* local = std::get_if<LocalSettings>(&pool.provider);
  if (local == nullptr || local->trust_builds || pool.max_jobs <= local->uids) return;
  settings.report("local", fmt::format("uids = {} are too few for a machine with maxJobs = {}; change one of them",
                                       local->uids, pool.max_jobs));
}

void check_jobs(PoolConfig& pool, Settings& settings) {
  if (!pool.jobs_by_machine) return;
  if (auto* ec2 = std::get_if<Ec2Settings>(&pool.provider)) ec2->compares_vcpus = true;
  if (!traits_of(pool.kind()).tells_max_jobs)
    settings.report("maxJobs", "only ec2 says how many processors a machine has; write a number instead of \"auto\"");
  else if (!pool.builder_endpoint.empty())
    settings.report("maxJobs",
                    "with builderEndpoint, a machine is told how many steps it takes before its size is known; write a "
                    "number instead of \"auto\"");
}

// Whether other machines can be stopped shows only when one is: see decide/standby.hpp.
void check_stops(const PoolConfig& pool, Settings& settings) {
  const auto* ec2 = std::get_if<Ec2Settings>(&pool.provider);
  if (pool.standby_machines == 0 || ec2 == nullptr || ec2->capacity == Ec2Capacity::on_demand) return;
  settings.report(
      "standbyMachines",
      fmt::format("spot instances cannot be stopped, and ec2.capacity is \"{}\"; make that \"on-demand\", or "
                  "remove this",
                  to_string(ec2->capacity)));
}

void read_scaling(PoolConfig& pool, Settings& settings) {
  settings.read("scaling", pool.scaling);
  if (pool.scaling == Scaling::work) {
    pool.packing = true;
    if (!settings.has("gracePeriod")) pool.grace_period = grace_by_work;
  } else if (settings.has("targetWait")) {
    settings.report("targetWait", "belongs to scaling = \"work\"; add that, or remove this");
  }
  settings.read("targetWait", pool.target_wait);
  settings.read("packing", pool.packing);
  CountOrAuto spare;
  settings.read("spareSlots", spare);
  pool.spare_slots = spare.count;
  pool.spares_by_arrivals = spare.is_auto;
}

}  // namespace
}  // namespace hydra_provisioner::config
