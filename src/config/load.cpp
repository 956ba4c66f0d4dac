#include "config/load.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <sys/utsname.h>
#include <nlohmann/json.hpp>

#include "config/evaluate.hpp"
#include "config/pool.hpp"
#include "config/queue.hpp"
#include "config/settings.hpp"
#include "io/postgres_servers.hpp"

namespace hydra_provisioner::config {
namespace {

std::string absolute_path(const std::string& file);
void resolve_programs(io::Json& value, const std::filesystem::path& folder);
void read_pools(Config& config, Settings& settings, Report& report, ConfigOptions options);
void read_journal(Config& config, Settings& settings, const std::string& instead);
void check_hosts(const Config& config, Report& report);
void read_commands(Config& config, Settings& settings);
void read_limits(Config& config, Settings& settings);

template <class Value>
std::expected<Value, ConfigErrors> value_unless_wrong(Value value, Report report) {
  if (!report.errors.empty()) return std::unexpected(std::move(report.errors));
  return value;
}

}  // namespace

io::Task<std::expected<Config, ConfigErrors>> load_config(std::string file, ConfigOptions options) {
  const std::string absolute = absolute_path(file);
  auto evaluation = co_await evaluate_nix_file(absolute);
  if (!evaluation) co_return std::unexpected(ConfigErrors{within(file, evaluation.error()).message});
  auto value = io::parse_json(evaluation->json);
  if (!value)
    co_return std::unexpected(
        ConfigErrors{fmt::format("{}: its value cannot be read: {}", file, value.error().message)});
  resolve_programs(*value, std::filesystem::path(absolute).parent_path());
  auto config = read_config(file, *value, options);
  if (!config) co_return config;
  config->file = absolute;
  config->files = std::move(evaluation->files);
  config->value_json = io::compact(*value);
  co_return config;
}

std::expected<Config, ConfigErrors> read_config(std::string_view name, const io::Json& value, ConfigOptions options) {
  Report report{.file = std::string(name)};
  Config config;
  if (auto checked = check_attribute_set(value); !checked) {
    report.add("", checked.error().message + "; write { systemTypes = { … }; }");
    return std::unexpected(std::move(report.errors));
  }
  Settings settings("", value, top_level_options(), report);
  settings.read("tag", config.tag.text);
  read_journal(config, settings, options.journal);
  read_pools(config, settings, report, options);
  read_commands(config, settings);
  read_queue(config, settings, report);
  read_limits(config, settings);
  if (report.errors.empty()) check_joining(config, report);
  if (report.errors.empty()) check_hosts(config, report);
  return value_unless_wrong(std::move(config), std::move(report));
}

std::expected<PoolConfig, ConfigErrors> read_pool(std::string_view name, std::string_view settings_json) {
  Report report{.file = "recorded settings"};
  const std::string path = attribute_path("systemTypes", name);
  const Expected<io::Json> value = io::parse_json(settings_json);
  if (!value) {
    report.add(path, value.error().message);
    return std::unexpected(std::move(report.errors));
  }
  PoolConfig pool = read_pool(name, path, *value, report);
  return value_unless_wrong(std::move(pool), std::move(report));
}

namespace {

// Resolves `..` by name, as Nix does, so that we check the file that Nix will read.
std::string absolute_path(const std::string& file) {
  std::error_code error;
  const auto absolute = std::filesystem::absolute(file, error);
  return error ? file : absolute.lexically_normal().string();
}

io::Json* member(io::Json* value, std::string_view name) {
  if (value == nullptr || !value->is_object()) return nullptr;
  const auto found = value->find(name);
  return found == value->end() ? nullptr : &*found;
}

// Makes `./provider` absolute: it is in the folder of the file. Recorded settings no longer know that folder.
void resolve_programs(io::Json& value, const std::filesystem::path& folder) {
  io::Json* const types = member(&value, "systemTypes");
  if (types == nullptr || !types->is_object()) return;
  for (io::Json& type : *types) {
    io::Json* const command = member(member(&type, "exec"), "command");
    if (command == nullptr || !command->is_array() || command->empty() || !command->front().is_string()) continue;
    const auto program = command->front().get<std::string>();
    if (program.contains('/')) command->front() = (folder / program).lexically_normal().string();
  }
}

void read_journal(Config& config, Settings& settings, const std::string& instead) {
  settings.read("journal", config.journal);
  if (!instead.empty()) config.journal = instead;
  if (config.journal.empty()) return;
  if (const auto valid = io::check_connection(config.journal); !valid)
    settings.report("journal",
                    valid.error().message + R"(; write it such as "postgresql:///hydra_provisioner?host=db1")");
}

// Another host would take machines that it cannot see for lost.
void check_hosts(const Config& config, Report& report) {
  for (const auto& [name, pool] : config.pools) {
    const std::string path = attribute_path("systemTypes", name.text);
    if (config.journal.empty() && !pool.host.empty())
      report.add(path, "host: is for hosts that share a journal, and `journal` is not given; add that, or remove this");
    if (!config.journal.empty() && pool.host.empty() && traits_of(pool.kind()).belongs_to_one_host)
      report.add(path, fmt::format("host: missing: only the host that made {} machines can look after them; name it",
                                   to_string(pool.kind())));
  }
}

void read_commands(Config& config, Settings& settings) {
  if (settings.has("statusCommand") && settings.has("sshCommand")) {
    settings.report("sshCommand", "means the same as statusCommand, which is given too; remove one of them");
  }
  settings.read("statusCommand", config.status_command);
  settings.read("sshCommand", config.status_command);
  settings.read("statusTimeout", config.status_timeout);
  settings.read("statusInterval", config.status_interval);
  settings.read("updateCommand", config.update_command);
  settings.read("notifyCommand", config.notify_command);
}

// As Nix calls it. The machine may be `i686` on an old processor, and is `aarch64` on ARM.
std::string system_of_this_host() {
  utsname host{};
  return ::uname(&host) == 0 ? fmt::format("{}-linux", host.machine) : "x86_64-linux";
}

void check_budget(const Config& config, Settings& settings) {
  constexpr std::int64_t days_of_month = 31;
  const auto is_monthly = [](const auto& entry) { return entry.second.budget.per_month.has_value(); };
  const bool counts_months = config.budget.per_month || std::ranges::any_of(config.pools, is_monthly);
  if (counts_months && config.history_days < days_of_month)
    settings.report("historyDays", "is less than the 31 days of maxCostPerMonth; raise it");
  const auto has_price = [](const auto& entry) { return entry.second.price_per_hour.has_value(); };
  const bool has_budget = config.budget.per_day || config.budget.per_month;
  if (has_budget && !config.pools.empty() && std::ranges::none_of(config.pools, has_price))
    settings.report(config.budget.per_day ? "maxCostPerDay" : "maxCostPerMonth",
                    "no type has pricePerHour, so nothing would ever count; add that to the types that cost money");
}

void read_limits(Config& config, Settings& settings) {
  settings.read("machinesFile", config.machines_file);
  settings.read("sshConfigFile", config.ssh_config_file);
  config.builtin_system = system_of_this_host();
  settings.read("builtinSystem", config.builtin_system);
  settings.read("placeholders", config.placeholders);
  settings.read("maxParallel", config.max_parallel);
  settings.read("passTimeout", config.pass_timeout);
  settings.read("settle", config.settle);
  settings.read("quiet", config.quiet);
  settings.read("interval", config.interval);
  settings.read("historyDays", config.history_days);
  read_budget(config.budget, settings);
  settings.read("budgetSparesMinMachines", config.budget_spares_min_machines);
  settings.read("metricsListen", config.metrics.listen);
  settings.read("metricsFile", config.metrics.file);
  settings.read("metricsPerMachine", config.metrics.of_each_machine);
  settings.read("currency", config.currency);
  check_budget(config, settings);
}

// If two pools were for the same steps, one of them would never get any, unless it is for what the other leaves over.
void check_types_differ(const std::map<PoolName, PoolConfig>& pools, const std::string& path, Report& report) {
  std::map<std::pair<MachineKind, bool>, std::string> paths;
  for (const auto& [name, pool] : pools) {
    if (pool.type.systems.empty()) continue;  // its name was wrong, and was reported
    const std::string pool_path = attribute_path(path, name.text);
    const auto [first, is_new] = paths.emplace(std::pair(pool.type, pool.spill), pool_path);
    if (!is_new) {
      report.add(pool_path, fmt::format("the same systems and features as {}; keep one of them", first->second));
    }
  }
}

void read_pools(Config& config, Settings& settings, Report& report, ConfigOptions options) {
  const io::Json* types = settings.attributes("systemTypes");
  if (types == nullptr && settings.has("systemTypes")) return;
  if ((types == nullptr || types->empty()) && !options.allow_empty) {
    settings.report(
        "systemTypes",
        "no system type; add one, such as systemTypes.x86_64-linux = { local = { }; }, or use --allow-empty "
        "to destroy all machines");
  }
  if (types == nullptr) return;
  const std::string path = settings.path_of("systemTypes");
  for (const auto& [name, value] : types->items()) {
    config.pools.emplace(PoolName(name), read_pool(name, attribute_path(path, name), value, report));
  }
  check_types_differ(config.pools, path, report);
}

}  // namespace
}  // namespace hydra_provisioner::config
