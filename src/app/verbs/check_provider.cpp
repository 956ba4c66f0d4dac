#include "app/verbs/verbs.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/cli/output.hpp"
#include "app/verbs/tried_points.hpp"
#include "config/load.hpp"
#include "io/async/clock.hpp"
#include "io/file/files.hpp"
#include "io/text/json.hpp"
#include "providers/conformance.hpp"
#include "providers/exec/exec_provider.hpp"
#include "providers/exec/protocol_points.hpp"

namespace hydra_provisioner::app {
namespace {

constexpr std::size_t settings_bytes_max = std::size_t{1} << 20;

struct CheckProviderOptions {
  std::vector<std::string> command;
  std::string settings_file;
  bool json = false;
};

void declare(Arguments& arguments, CheckProviderOptions& options) {
  arguments.words("COMMAND...", "provider's command", into(options.command, Names::file));
  arguments.option("--settings", "FILE", into(options.settings_file, Names::file),
                   "a JSON file with the provider's settings");
  arguments.flag("--json", options.json, "print JSON");
}

// The settings as if conf.nix had them.
Expected<PoolConfig> pool_of(const CheckProviderOptions& options) {
  io::Json exec{{"command", options.command}};
  if (!options.settings_file.empty()) {
    const auto content = io::read_file(options.settings_file, settings_bytes_max);
    if (!content) return std::unexpected(content.error());
    if (!*content) return failure(options.settings_file + ": no such file");
    auto settings = io::parse_json(**content);
    if (!settings) return std::unexpected(within(options.settings_file, settings.error()));
    if (!settings->is_object())
      return failure(fmt::format("{}: {} is not an object", options.settings_file, io::describe(*settings)));
    exec["settings"] = *std::move(settings);
  }
  auto pool = config::read_pool("x86_64-linux", io::compact({{"exec", std::move(exec)}}));
  if (!pool) return failure(pool.error().front());
  return *std::move(pool);
}

io::Task<Outcome> run(CheckProviderOptions options, Context context) {
  const auto pool = pool_of(options);
  if (!pool) co_return ends_with(exit_status::configuration, pool.error());
  io::SystemClock clock;
  const Tag tag{fmt::format("check-{}", to_unix(clock.now()))};
  const std::string logs = context.state_dir + "/logs";
  context.voice.note(fmt::format(
      "makes two machines, {0}-0 and {0}-1, and ends them; what the program says is in {1}/{0}*.log", tag, logs));
  TriedPoints tried;
  if (options.json) tried.are_printed_as_json();
  const providers::PointReporter report = [&](std::string_view point, const providers::Verdict& verdict) {
    tried.add(point, verdict);
  };
  const auto& settings = std::get<ExecSettings>(pool->provider);
  if (co_await providers::exec::try_protocol(settings, tag, fmt::format("{}/{}.log", logs, tag), report)) {
    providers::exec::ExecProvider provider(tag, context.state_dir, clock);
    co_await providers::try_life_cycle(provider, tag, *pool, clock, report);
  }
  if (auto printed = print(options.json ? io::pretty(tried.document(options.command)) : tried.summary()); !printed)
    co_return printed;
  co_return tried.has_failed() ? exit_status::failed : exit_status::done;
}

}  // namespace

Verb check_provider_verb() {
  return {.name = "check-provider",
          .section = Section::providers,
          .summary = "checks that a program does all a provider must do",
          .description =
              "Makes two machines of a tag of its own with a program that provides machines, and checks point "
              "by point that it does all that docs/exec-provider.md asks for. It removes the machines again. "
              "The exit status is 1 if a point fails.",
          .examples = {{{"check-provider ./hcloud-provider", "without settings"},
                        {"check-provider --settings s.json -- ./hcloud-provider -v",
                         "with settings; options after -- are the provider's own"}}},
          .declare = command<CheckProviderOptions>(declare, run)};
}

}  // namespace hydra_provisioner::app
