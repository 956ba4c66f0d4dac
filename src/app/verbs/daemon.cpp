#include "app/verbs/verbs.hpp"

#include <utility>

#include "app/daemon/daemon.hpp"

namespace hydra_provisioner::app {
namespace {

io::Task<Outcome> run(ConfigFile file, Context context) {
  auto config = co_await load(file);
  if (!config) co_return std::unexpected(std::move(config.error()));
  if (const auto hint = hint_at_file_of_original(*config)) context.voice.warning(*hint);
  co_return co_await run_daemon(*std::move(config), std::move(file), std::move(context));
}

}  // namespace

Verb daemon_verb() {
  return {.name = "daemon",
          .section = Section::passes,
          .summary = "makes passes one after another, until it is stopped",
          .description =
              "Makes passes one after another, more often while something changes, and waits for nothing "
              "slow. It reads the configuration again when that has changed, and on SIGHUP. SIGTERM and "
              "Ctrl-C end it; operations that are under way go on, and the next start takes them up.",
          .examples = {{{"daemon conf.nix", "as systemd/hydra-provisioner.service runs it"},
                        {"daemon conf.nix --state-dir /tmp/state -v", "to try it in a terminal"}}},
          .on_signal = OnSignal::left_to_itself,
          .declare = command(declare_config, run)};
}

}  // namespace hydra_provisioner::app
