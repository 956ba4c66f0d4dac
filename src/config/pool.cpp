#include "config/pool.hpp"

#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "config/cron_field.hpp"
#include "config/ec2.hpp"
#include "config/evaluate.hpp"

namespace hydra_provisioner::config {
namespace {

void read_type(PoolConfig& pool, const std::string& path, Report& report);
void read_machines(PoolConfig& pool, Settings& settings);
void read_times(PoolConfig& pool, Settings& settings);
void read_schedules(PoolConfig& pool, Settings& settings, Report& report);
void read_scaling(PoolConfig& pool, Settings& settings);
void read_provider(PoolConfig& pool, Settings& settings, Report& report);

}  // namespace

PoolConfig read_pool(std::string_view name, const std::string& path, const io::Json& value, Report& report) {
  PoolConfig pool;
  pool.name = PoolName(std::string(name));
  read_type(pool, path, report);
  if (auto checked = check_attribute_set(value); !checked) {
    report.add(path, checked.error().message);
    return pool;
  }
  Settings settings(path, value, pool_options(), report);
  read_machines(pool, settings);
  read_times(pool, settings);
  read_schedules(pool, settings, report);
  read_scaling(pool, settings);
  read_provider(pool, settings, report);
  pool.settings_json = io::compact(value);
  return pool;
}

namespace {

void read_type(PoolConfig& pool, const std::string& path, Report& report) {
  auto type = parse_system_type(pool.name.text);
  if (type) {
    pool.type = *std::move(type);
  } else {
    report.add(path, type.error().message);
  }
}

void read_machines(PoolConfig& pool, Settings& settings) {
  const bool min_is_right = settings.read("minMachines", pool.min_machines);
  const bool max_is_right = settings.read("maxMachines", pool.max_machines);
  if (min_is_right && max_is_right && pool.min_machines > pool.max_machines) {
    settings.report("minMachines",
                    fmt::format("{} is more than maxMachines, which is {}{}; change one of them", pool.min_machines,
                                pool.max_machines, settings.has("maxMachines") ? "" : " by default"));
  }
  settings.read("ignoredRunnables", pool.ignored_runnables);
  settings.read("runnablesPerMachine", pool.runnables_per_machine);
  settings.read("maxJobs", pool.max_jobs);
  settings.read("speedFactor", pool.speed_factor);
  settings.read("sshKey", pool.ssh_key);
}

void read_times(PoolConfig& pool, Settings& settings) {
  settings.read("stopOnIdle", pool.stop_on_idle);
  settings.read("gracePeriod", pool.grace_period);
  if (settings.has("ec2")) pool.billing_period = Seconds{3600};
  settings.read("billingPeriod", pool.billing_period);
  settings.read("bootTimeout", pool.boot_timeout);
  settings.read("maxAge", pool.max_age);
  settings.read("maxUnavailable", pool.max_unavailable);
  settings.read("replaceOnChange", pool.replace_on_change);
  settings.read("consecutiveFailures", pool.consecutive_failures);
  settings.read("maxUnhealthy", pool.max_unhealthy);
  settings.read("pricePerHour", pool.price_per_hour);
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
  if (!settings.has("minMachines") && !settings.has("maxMachines"))
    settings.report("minMachines", "neither this nor maxMachines is given, so it would change nothing; add one");
  schedule.days = parse_days(days).value_or(schedule.days);
  schedule.hours = parse_hours(hours).value_or(schedule.hours);
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
      report.add(path, fmt::format("minMachines {} is more than maxMachines {} then; change one", min, max));
  }
}

void read_scaling(PoolConfig& pool, Settings& settings) {
  std::string rule = "runnables";
  settings.read("scaling", rule);
  if (rule == "work") {
    pool.scaling = Scaling::work;
    pool.packing = true;
    pool.grace_is_boot_time = !settings.has("gracePeriod");
  } else if (settings.has("targetWait")) {
    settings.report("targetWait", "belongs to scaling = \"work\"; add that, or remove this");
  }
  settings.read("targetWait", pool.target_wait);
  settings.read("packing", pool.packing);
}

NixopsSettings read_nixops(Settings& settings) {
  NixopsSettings nixops;
  settings.read("nixopsExpr", nixops.expression);
  settings.read("nixPath", nixops.nix_path);
  return nixops;
}

LocalSettings read_local(Settings& settings, Report& report) {
  LocalSettings local;
  const io::Json* attributes = settings.attributes("local");
  if (attributes == nullptr) return local;
  Settings own(settings.path_of("local"), *attributes, local_options(), report);
  std::string store = "own";
  own.read("store", store);
  local.own_store = store == "own";
  own.read("bootSeconds", local.boot_seconds);
  return local;
}

// In settings that are not ours to read, so that nobody else would say what is wrong with them.
void report_functions(const std::string& path, const io::Json& value, Report& report) {
  if (is_function(value)) {
    report.add(path, "a function is no setting; write its result");
  } else if (value.is_object()) {
    for (const auto& [name, member] : value.items()) report_functions(attribute_path(path, name), member, report);
  } else if (value.is_array()) {
    for (std::size_t i = 0; i < value.size(); ++i) {
      report_functions(element_path(path, i + 1), value[i], report);
    }
  }
}

ExecSettings read_exec(Settings& settings, Report& report) {
  ExecSettings exec;
  const io::Json* attributes = settings.attributes("exec");
  if (attributes == nullptr) return exec;
  Settings own(settings.path_of("exec"), *attributes, exec_options(), report);
  own.read("command", exec.command);
  if (!own.has("command")) own.report("command", "is missing; add the program, such as command = [ \"./provider\" ];");
  if (const io::Json* given = own.attributes("settings")) {
    report_functions(own.path_of("settings"), *given, report);
    exec.settings = io::compact(*given);
  }
  own.read("timeout", exec.timeout);
  return exec;
}

// All that are given are read, so that their errors are told even if one is too many.
void read_provider(PoolConfig& pool, Settings& settings, Report& report) {
  std::vector<std::string_view> given;
  for (const std::string_view option : {"nixopsExpr", "local", "ec2", "exec"}) {
    if (settings.has(option)) given.push_back(option);
  }
  if (given.empty()) {
    report.add(settings.path(), "no provider; add one of nixopsExpr, local, ec2 and exec, such as local = { };");
  } else if (given.size() > 1) {
    report.add(settings.path(), fmt::format("more than one provider: {}; keep one of them", fmt::join(given, ", ")));
  }
  if (settings.has("nixPath") && !settings.has("nixopsExpr")) {
    settings.report("nixPath", "belongs to nixopsExpr, which is not given; remove it");
  }

  NixopsSettings nixops = read_nixops(settings);
  const LocalSettings local = read_local(settings, report);
  Ec2Settings ec2 = read_ec2(settings, report);
  ExecSettings exec = read_exec(settings, report);
  if (given.empty()) return;
  if (given.front() == "nixopsExpr") pool.provider = std::move(nixops);
  if (given.front() == "local") pool.provider = local;
  if (given.front() == "ec2") pool.provider = std::move(ec2);
  if (given.front() == "exec") pool.provider = std::move(exec);
}

}  // namespace
}  // namespace hydra_provisioner::config
