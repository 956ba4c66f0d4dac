#include "app/verbs/verbs.hpp"

#include <utility>

#include <fmt/format.h>

#include "app/daemon/daemon.hpp"
#include "app/inputs/good_config.hpp"
#include "io/text/local_time.hpp"

namespace hydra_provisioner::app {
namespace {

// Loudly: an operator who restarts the daemon after a change must see that the change is not in force.
void report_wrong_file(const ConfigFile& file, const config::ConfigErrors& errors, Instant recorded_at,
                       act::Voice& voice) {
  for (const std::string& error : errors) voice.problem(error);
  voice.problem(fmt::format("{}: not used; until it is right, the configuration of {} is in force", file.path,
                            io::local_time(recorded_at)));
}

io::Task<Outcome> begin_daemon(ConfigFile file, Context context) {
  auto config = co_await load(file);
  config::ConfigErrors errors;
  if (!config) {
    auto good = last_good_config(context.state_dir, file);
    if (!good) co_return std::unexpected(std::move(config.error()));
    errors = std::move(config.error().problems);
    report_wrong_file(file, errors, good->recorded_at, context.voice);
    config = std::move(good->config);
  }
  if (const auto hint = hint_at_file_of_original(*config)) context.voice.warning(*hint);
  co_return co_await run_daemon(*std::move(config), std::move(file), std::move(context), std::move(errors));
}

}  // namespace

Verb daemon_verb() {
  return {.name = "daemon",
          .section = Section::passes,
          .summary = "makes passes one after another, until it is stopped",
          .description =
              "Makes passes one after another, more often while something changes, and waits for nothing "
              "slow. It reads the configuration again when that has changed, and on SIGHUP. While that is "
              "wrong, the one that worked last stays in force, also after a restart. SIGTERM and Ctrl-C end it; "
              "operations that are under way go on, and the next start takes them up.",
          .examples = {{{"daemon conf.nix", "as hydra-provisioner.service runs it"},
                        {"daemon conf.nix --state-dir /tmp/state -v", "to try it in a terminal"}}},
          .on_signal = OnSignal::left_to_itself,
          .declare = command(declare_config, begin_daemon)};
}

}  // namespace hydra_provisioner::app
