#include "app/verbs/verbs.hpp"

#include <utility>

#include "app/inputs/configuration.hpp"
#include "app/monitor/monitor.hpp"
#include "app/notify/notifier.hpp"
#include "app/owner.hpp"
#include "app/real_world.hpp"
#include "app/tag_lock.hpp"
#include "pass/pass.hpp"
#include "state/sqlite_journal.hpp"

namespace hydra_provisioner::app {
namespace {

io::Task<Outcome> run(ConfigFile file, Context context) {
  const auto config = co_await load(std::move(file));
  if (!config) co_return std::unexpected(config.error());
  if (const auto hint = hint_at_file_of_original(*config)) context.voice.warning(*hint);
  const auto lock = lock_tag(context.state_dir, config->tag);
  if (!lock) co_return std::unexpected(lock.error());
  const auto journal = state::SqliteJournal::open(state::journal_file(context.state_dir, config->tag));
  if (!journal) co_return failed(journal.error());
  const auto owner = owner_of(context.state_dir);
  if (!owner) co_return failed(owner.error());
  pass::World world = make_world(*config, context.state_dir);
  world.owner = *owner;
  const pass::PassEnd end = co_await pass::run_pass(world, *config, **journal, context.voice, config->pass_timeout);
  if (end.report) write_metrics(*end.report, *config, context.voice);
  Notifier notifier(context.state_dir, config->tag, *world.clock);
  co_await notifier.follow(end, *config, "", context.voice);
  co_await notifier.finish(context.voice);
  if (!end.succeeded) co_return exit_status::failed;
  co_return end.is_trusted ? exit_status::done : exit_status::untrusted_status;
}

}  // namespace

Verb pass_verb() {
  return {.name = "",
          .section = Section::passes,
          .summary = "one pass: looks at the queue, creates and destroys machines, writes the machines file",
          .description =
              "Makes one pass: looks at the queue and the machines, decides, acts, and writes the machines "
              "file. It waits for new machines, at most for the configuration's passTimeout.",
          .examples = {{{"conf.nix", "one pass"}, {"conf.nix -v", "one pass, which says why machines are kept"}}},
          .on_signal = OnSignal::finish,
          .declare = command(declare_config, run)};
}

}  // namespace hydra_provisioner::app
