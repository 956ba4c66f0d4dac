#include "config/queue.hpp"

#include <string>
#include <string_view>
#include <variant>

#include <fmt/format.h>

#include "config/options.hpp"

namespace hydra_provisioner::config {
namespace {

// Nearly all options are those of one type.
bool has_option(QueueKind kind, std::string_view name) {
  return name == "type" || kind == QueueKind::hydra_rust || (kind == QueueKind::command && name == "command") ||
         (kind == QueueKind::hydra_database && name == "database");
}

void check_queue(const QueueSettings& queue, Settings& own) {
  for (const Option& option : queue_options()) {
    if (own.has(option.name) && !has_option(queue.kind, option.name))
      own.report(option.name, fmt::format("does not belong to type = \"{}\"; remove it", to_string(queue.kind)));
  }
  if (queue.kind == QueueKind::command && !own.has("command"))
    own.report("command", "missing; it has to print the document that describes the queue");
  if (queue.kind == QueueKind::hydra_database && queue.database.empty())
    own.report("database", R"(missing; name Hydra's database, such as "dbname=hydra host=/run/postgresql")");
  if (own.has("url") && own.has("command")) own.report("url", "is not used if there is a command; remove one of them");
}

// How the queue runner in C++ is asked otherwise; and its files, which the one in Rust knows nothing of.
void check_others(const Config& config, Settings& settings) {
  if (config.queue.kind == QueueKind::hydra) return;
  for (const std::string_view name : {"statusCommand", "sshCommand"}) {
    if (settings.has(name))
      settings.report(name, fmt::format("belongs to queue.type = \"hydra\", and here that is \"{}\"; remove it",
                                        to_string(config.queue.kind)));
  }
  if (config.queue.kind != QueueKind::hydra_rust) return;
  for (const std::string_view name : {"updateCommand", "machinesFile", "sshConfigFile", "placeholders"}) {
    if (settings.has(name))
      settings.report(name, "the queue runner of queue.type = \"hydra-rust\" reads no machines file; remove it");
  }
}

// How the machines of a type come to the queue runner.
void check_joining(const Config& config, const PoolConfig& pool, const std::string& path, Report& report) {
  const auto* local = std::get_if<LocalSettings>(&pool.provider);
  const bool has_builder = !pool.builder_endpoint.empty() || (local != nullptr && !local->builder.empty());
  if (config.queue.kind != QueueKind::hydra_rust) {
    if (has_builder)
      report.add(path, R"(builderEndpoint and local.builder belong to queue.type = "hydra-rust"; remove them)");
  } else if (pool.kind() == ProviderKind::nixops) {
    report.add(path, R"(nixopsExpr: its machines are not told how to connect to the queue runner of queue.type = )"
                     R"("hydra-rust"; use ec2 or exec)");
  } else if (local != nullptr && local->builder.empty()) {
    report.add(path, "local.builder: missing; nothing connects its machines to the queue runner");
  } else if (local == nullptr && pool.builder_endpoint.empty()) {
    report.add(path, "builderEndpoint: missing; its machines are to connect to the queue runner there");
  } else if (local == nullptr && !pool.ssh_key) {
    report.add(path, "sshKey: missing; with it, this host logs in to open and close its machines");
  }
}

}  // namespace

void check_joining(const Config& config, Report& report) {
  for (const auto& [name, pool] : config.pools)
    check_joining(config, pool, attribute_path("systemTypes", name.text), report);
}

void read_queue(Config& config, Settings& settings, Report& report) {
  QueueSettings& queue = config.queue;
  if (const io::Json* given = settings.attributes("queue")) {
    Settings own(settings.path_of("queue"), *given, queue_options(), report);
    if (!own.read("type", queue.kind)) return;
    own.read("url", queue.url);
    own.read("command", queue.command);
    own.read("storeCommand", queue.store_command);
    own.read("silence", queue.silence);
    own.read("evictCommand", queue.evict_command);
    own.read("database", queue.database);
    own.read("config", queue.config_file);
    check_queue(queue, own);
  }
  check_others(config, settings);
  if (queue.kind == QueueKind::hydra_rust) {
    config.placeholders = false;
    config.settle = config.quiet = Seconds{0};  // each machine's own reports say more: see decide/proof.cpp
  }
}

}  // namespace hydra_provisioner::config
