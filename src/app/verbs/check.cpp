#include "app/verbs/verbs.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <variant>
#include <vector>

#include <fmt/format.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

#include "app/cli/output.hpp"
#include "app/inputs/configuration.hpp"
#include "app/real_world.hpp"
#include "app/tag_lock.hpp"
#include "config/settings.hpp"
#include "io/file/files.hpp"
#include "io/process/programs.hpp"
#include "io/text/json.hpp"
#include "io/text/strings.hpp"
#include "io/text/wording.hpp"
#include "model/counted.hpp"
#include "providers/ec2/machines/specification.hpp"
#include "providers/joining.hpp"

namespace hydra_provisioner::app {
namespace {

using Hints = std::vector<std::string>;

std::string place_of(const PoolConfig& pool) { return config::attribute_path("systemTypes", pool.name.text); }

void hint_at_missing_file(const std::string& option, const std::string& file, Hints& hints) {
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) hints.push_back(fmt::format("{}: {}: no such file", option, file));
}

void hint_at_missing_program(const std::string& option, const std::vector<std::string>& command, Hints& hints) {
  if (command.empty()) return;
  std::error_code ignored;
  const auto program = io::find_program(command.front());
  if (!program) {
    hints.push_back(fmt::format("{}: {}", option, program.error().message));
  } else if (::access(program->c_str(), X_OK) != 0) {
    hints.push_back(fmt::format("{}: {}: {}", option, *program, io::os_error(errno)));
  } else if (std::filesystem::is_directory(*program, ignored)) {
    hints.push_back(fmt::format("{}: {}: {}", option, *program, io::os_error(EISDIR)));
  }
}

// Those of the options that stand outside of the types.
void hint_at_missing_programs(const Config& config, Hints& hints) {
  const QueueSettings& queue = config.queue;
  if (queue.kind == QueueKind::hydra) hint_at_missing_program("statusCommand", config.status_command, hints);
  if (config.update_command) hint_at_missing_program("updateCommand", *config.update_command, hints);
  hint_at_missing_program("queue.command", queue.command, hints);
  hint_at_missing_program("queue.storeCommand", queue.store_command, hints);
  hint_at_missing_program("queue.evictCommand", queue.evict_command, hints);
}

// About what a provider's settings name, such as files.
void add_hints(const LocalSettings& local, const std::string& place, Hints& hints) {
  hint_at_missing_program(place + ".local.builder", local.builder, hints);
}

void add_hints(const NixopsSettings& nixops, const std::string& place, Hints& hints) {
  hint_at_missing_file(place + ".nixopsExpr", nixops.expression, hints);
}

void add_hints(const Ec2Settings& ec2, const std::string& place, Hints& hints) {
  if (!ec2.user_data_file.empty()) hint_at_missing_file(place + ".ec2.userDataFile", ec2.user_data_file, hints);
}

void add_hints(const ExecSettings& exec, const std::string& place, Hints& hints) {
  hint_at_missing_program(place + ".exec.command", exec.command, hints);
}

void hint_at_other_host(const PoolConfig& pool, Hints& hints) {
  if (pool.host.empty() || pool.host == any_host || pool.host == host_name()) return;
  hints.push_back(fmt::format("{}.host: only {} looks after its machines; this host, {}, leaves them alone",
                              place_of(pool), pool.host, host_name()));
}

void hint_at_billing(const PoolConfig& pool, Hints& hints) {
  const std::string_view hint = traits_of(pool.kind()).billing_hint;
  const Seconds period = pool.billing_period.value_or(Seconds{0});
  if (hint.empty() || period < std::chrono::hours{1}) return;
  hints.push_back(fmt::format("{}.billingPeriod: {} s, but {}", place_of(pool), period.count(), hint));
}

bool may_have_no_machine(const PoolConfig& pool) {
  return pool.min_machines == 0 ||
         std::ranges::any_of(pool.schedules, [](const Schedule& schedule) { return schedule.min_machines == 0; });
}

// The type that may have no machine, and whose machines may take the longest; null: each of them keeps one.
const PoolConfig* slowest_from_nothing(const Config& config) {
  const PoolConfig* slowest = nullptr;
  for (const auto& [name, pool] : config.pools) {
    const bool is_slower = slowest == nullptr || pool.boot_timeout > slowest->boot_timeout;
    if (may_have_no_machine(pool) && is_slower) slowest = &pool;
  }
  return slowest;
}

constexpr std::string_view abortion_key = "maxUnsupportedTimeInS";

// A queue runner whose file says nothing has its default.
std::int64_t aborted_after(std::string_view settings) {
  std::int64_t seconds = 120;
  for (const std::string_view line : io::lines(settings)) {
    const std::string_view setting = io::trimmed(line);
    if (!setting.starts_with(abortion_key)) continue;
    const auto equals = setting.find('=');
    if (equals == std::string_view::npos) continue;
    std::string value(io::trimmed(setting.substr(equals + 1)));
    std::erase(value, '_');
    if (const auto number = io::leading_number<std::int64_t>(value)) seconds = number->number;
  }
  return seconds;
}

// Whether steps would be aborted while their machine is being made.
void hint_at_abortion(const Config& config, Hints& hints) {
  constexpr std::size_t bytes_max = std::size_t{1} << 20;
  const std::string& file = config.queue.config_file;
  const PoolConfig* pool = slowest_from_nothing(config);
  if (config.queue.kind != QueueKind::hydra_rust || pool == nullptr) return;
  if (file.empty()) {
    hints.push_back(fmt::format(
        "queue.config is not given, so it was not checked whether the queue runner aborts steps while their "
        "machine is being made: name its config.toml, and set {} to 86400 there",
        abortion_key));
    return;
  }
  const auto content = io::read_file(file, bytes_max);
  if (!content || !*content) {
    hints.push_back(fmt::format("queue.config: {}: {}", file, content ? "no such file" : content.error().message));
    return;
  }
  const std::int64_t seconds = aborted_after(**content);
  if (seconds > pool->boot_timeout.count()) return;
  hints.push_back(fmt::format(
      "{}: {} is {}: steps for which there is no machine are aborted after that, and one of {} may take {} s "
      "(bootTimeout); set it to 86400",
      file, abortion_key, seconds, pool->name, pool->boot_timeout.count()));
}

// Without its token the queue runner would let every machine in that asks.
void add_errors_of_joining(const std::string& file, const PoolConfig& pool, std::vector<std::string>& errors) {
  const auto joining = providers::joining_of(pool, MachineId{});
  if (!joining) errors.push_back(fmt::format("{}: {}.{}", file, place_of(pool), joining.error().message));
}

void add_errors_of_installation(const Config& config, std::vector<std::string>& errors) {
  const auto is_of_nixops = [](const auto& entry) { return entry.second.kind() == ProviderKind::nixops; };
  if (!std::ranges::any_of(config.pools, is_of_nixops)) return;
  if (const auto modules = own_nix_modules(); !modules) errors.push_back(modules.error().message);
}

// What loading does not see, because it is not about the configuration's own text.
std::vector<std::string> errors_in(const std::string& file, const Config& config) {
  std::vector<std::string> errors;
  add_errors_of_installation(config, errors);
  for (const auto& [name, pool] : config.pools) {
    add_errors_of_joining(file, pool, errors);
    const auto* ec2 = std::get_if<Ec2Settings>(&pool.provider);
    if (ec2 == nullptr) continue;
    const auto specification = providers::ec2::specification_of(*ec2);
    if (!specification && specification.error().kind == ErrorKind::refused)
      errors.push_back(fmt::format("{}: {}.ec2.{}", file, place_of(pool), specification.error().message));
  }
  return errors;
}

io::Task<std::expected<Config, Failure>> load_and_check(ConfigFile file) {
  auto config = co_await load(file);
  if (!config) co_return config;
  std::vector<std::string> errors = errors_in(file.path, *config);
  if (!errors.empty()) co_return std::unexpected(Failure{std::move(errors), exit_status::configuration});
  co_return config;
}

// Settings that are valid, but probably not meant.
Hints hints_for(const Config& config) {
  Hints hints;
  hint_at_abortion(config, hints);
  if (auto hint = hint_at_file_of_original(config)) hints.push_back(*std::move(hint));
  hint_at_missing_programs(config, hints);
  for (const auto& [name, pool] : config.pools) {
    std::visit([&](const auto& settings) { add_hints(settings, place_of(pool), hints); }, pool.provider);
    hint_at_billing(pool, hints);
    hint_at_other_host(pool, hints);
  }
  return hints;
}

struct CheckOptions {
  ConfigFile config;
  bool json = false;
};

void declare(Arguments& arguments, CheckOptions& options) {
  arguments.flag("--json", options.json, "print JSON");
  declare_config(arguments, options.config);
}

std::string invalid_document(const std::vector<std::string>& errors) {
  return io::pretty({{"formatVersion", 1}, {"valid", false}, {"errors", errors}});
}

std::string valid_document(const Hints& hints) {
  return io::pretty({{"formatVersion", 1}, {"valid", true}, {"errors", io::Json::array()}, {"hints", hints}});
}

io::Task<Outcome> run(CheckOptions options, Context context) {
  const auto config = co_await load_and_check(options.config);
  if (!config) {
    if (options.json) {
      if (auto printed = print(invalid_document(config.error().problems)); !printed) co_return printed;
    }
    co_return std::unexpected(config.error());
  }
  const Hints hints = hints_for(*config);
  for (const std::string& hint : hints) context.voice.warning(hint);
  co_return print(options.json ? valid_document(hints)
                               : fmt::format("{}: no errors; tag {}, {}\n", options.config.path, config->tag,
                                             counted(std::ssize(config->pools), "type")));
}

}  // namespace

Verb check_verb() {
  return {.name = "check",
          .section = Section::passes,
          .summary = "says whether the configuration is right",
          .description =
              "Evaluates the configuration and reports all of its errors at once, with warnings about what "
              "is valid but probably not meant. It asks neither the queue runner nor a provider. The exit "
              "status is 78 if there is an error.",
          .examples = {{{"check conf.nix", "before the configuration is put to use"},
                        {"check conf.nix --json | jq -r '.errors[]'", "the errors, for a script"}}},
          .declare = command<CheckOptions>(declare, run)};
}

}  // namespace hydra_provisioner::app
