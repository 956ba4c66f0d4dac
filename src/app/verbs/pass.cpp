#include "app/verbs/verbs.hpp"

#include <exception>
#include <utility>

#include <boost/asio/experimental/awaitable_operators.hpp>

#include "app/inputs/configuration.hpp"
#include "app/monitor/monitor.hpp"
#include "app/notify/notifier.hpp"
#include "app/own_journal.hpp"
#include "app/owner.hpp"
#include "app/real_world.hpp"
#include "app/tag_lock.hpp"
#include "pass/pass.hpp"

namespace hydra_provisioner::app {
namespace {

// Renews the lease all the while, and ends the lead behind it.
io::Task<pass::PassEnd> run_to_its_end(OwnJournal& own, const pass::World& world, const Config& config,
                                       state::Journal& journal, act::Voice& voice) {
  using namespace boost::asio::experimental::awaitable_operators;
  std::exception_ptr thrown;  // an operand of || that throws does not end the other one
  const auto run_once = [&]() -> io::Task<pass::PassEnd> {
    try {
      co_return co_await pass::run_pass(world, config, journal, voice, config.pass_timeout);
    } catch (...) {
      thrown = std::current_exception();
      co_return pass::PassEnd{};
    }
  };
  auto first = co_await (run_once() || own.keep_turn());
  if (thrown) std::rethrow_exception(thrown);
  co_await own.end();
  co_return std::get<0>(std::move(first));
}

io::Task<Outcome> make_pass(ConfigFile file, Context context) {
  const auto config = co_await load(std::move(file));
  if (!config) co_return std::unexpected(config.error());
  if (const auto hint = hint_at_file_of_original(*config)) context.voice.warning(*hint);
  const auto lock = lock_tag(context.state_dir, config->tag);
  if (!lock) co_return std::unexpected(lock.error());
  const auto own = owner_of(context.state_dir);
  if (!own) co_return failed(own.error());
  pass::World world = make_world(*config, context.state_dir);
  auto journal = OwnJournal::at(*config, context.state_dir, *own);
  if (!journal) co_return failed(journal.error());
  const auto turn = co_await journal->take_turn(config->interval);
  if (!turn) co_return failed(turn.error());
  if (turn->other_leader)
    co_return ends_with(exit_status::locked, {described(*turn->other_leader) + "; nothing was done"});
  turn->apply_to(world);
  world.takes_announcements = true;
  const pass::PassEnd end = co_await run_to_its_end(*journal, world, *config, *turn->journal, context.voice);
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
          .declare = command(declare_config, make_pass)};
}

}  // namespace hydra_provisioner::app
