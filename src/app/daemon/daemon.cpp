#include "app/daemon/daemon.hpp"

#include <chrono>
#include <exception>
#include <expected>
#include <string>
#include <utility>

#include <malloc.h>

#include <fmt/format.h>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "app/daemon/callers.hpp"
#include "app/daemon/live_config.hpp"
#include "app/daemon/next_pass.hpp"
#include "app/daemon/service.hpp"
#include "app/daemon/signals.hpp"
#include "app/inputs/good_config.hpp"
#include "app/monitor/monitor.hpp"
#include "app/notify/notifier.hpp"
#include "app/own_journal.hpp"
#include "app/owner.hpp"
#include "app/real_world.hpp"
#include "app/tag_lock.hpp"
#include "pass/pass.hpp"
#include "pass/rhythm.hpp"

namespace hydra_provisioner::app {
namespace {

constexpr std::chrono::seconds last_pass_max{5};  // a pass that takes longer is cut off, as if it were killed

class Daemon {
 public:
  Daemon(const boost::asio::any_io_executor& executor, Config config, const ConfigFile& file, Context context,
         Signals& signals, config::ConfigErrors errors, OwnJournal journal)
      : state_dir_(std::move(context.state_dir)),
        world_(make_patient_world(config, state_dir_)),
        config_(file.path, std::move(config), file.options(), std::move(errors)),
        journal_(std::move(journal)),
        monitor_(state_dir_),
        notifier_(state_dir_, config_.get().tag, *world_.clock),
        signals_(signals),
        voice_(context.voice),
        next_(executor, *world_.clock),
        callers_(executor, *world_.clock, next_, config_, state_dir_, voice_) {
    signals_.on_signal([this] { signals_.stop() != 0 ? next_.end() : next_.call("SIGHUP"); });
  }

  io::Task<Outcome> run(io::FileLock lock) {
    callers_.follow_files_and_databases();
    if (auto listens = monitor_.follow(config_.get()); !listens) co_return failed(std::move(listens.error()));
    if (config_.is_right()) record_good_config(state_dir_, config_.get(), world_.clock->now());
    service::ready("makes its first pass");
    while (signals_.stop() == 0) {
      voice_.begin_pass();
      next_.begin();
      if (auto kept = keep_lock(lock); !kept) co_return std::unexpected(std::move(kept.error()));
      co_await refresh_config();
      const auto turn = co_await journal_.take_turn(config_.get().interval);
      if (turn && turn->other_leader) {
        stand_by(*turn->other_leader);
        co_await signals_.sleep_for(co_await journal_.stand_by());
        continue;
      }
      callers_.follow_files_and_databases();
      const pass::PassEnd end = co_await pass(turn);
      co_await notifier_.follow(end, config_.get(), trouble_with_config(), voice_);
      monitor_.show(end.report, config_.get(), trouble_with(end), voice_);
      callers_.follow_processes(world_);
      co_await wait_after(end);
    }
    co_await notifier_.finish(voice_);
    co_await journal_.end();
    co_return exit_status::done;
  }

  io::Task<void> keep_turn() { return journal_.keep_turn(); }
  io::Task<void> watch_files() { return callers_.watch_files(); }
  io::Task<void> hear_announcements() { return callers_.hear_announcements(); }
  void stop_waiting() { journal_.stop_waiting(); }

 private:
  std::string trouble_with_config() const {
    return config_.is_right() ? "" : "the configuration file is wrong: what it said before stays in force";
  }

  std::string trouble_with(const pass::PassEnd& end) const {
    std::string trouble = trouble_with_config();
    if (end.succeeded) return trouble;
    return fmt::format("the last pass failed ({}): its messages say why{}{}", end.summary, trouble.empty() ? "" : "; ",
                       trouble);
  }

  void stand_by(const state::Leader& leader) {
    const std::string situation = described(leader) + "; this host stands by";
    if (std::exchange(situation_, situation) == situation) return;
    voice_.note(situation);
    service::status(situation);
    monitor_.stand_by(config_.get());
    world_.totals->clear();               // the leader goes on counting
    publish_anew(world_, config_.get());  // what an earlier command answers later is outdated
  }

  io::Task<pass::PassEnd> pass(const Expected<OwnJournal::Turn>& turn) {
    if (!turn) {
      voice_.problem(turn.error().message);
      co_return pass::PassEnd{.summary = turn.error().message};
    }
    if (!std::exchange(situation_, "").empty()) voice_.note("this host leads from now on");
    turn->apply_to(world_);
    world_.takes_announcements = callers_.take_announced();
    co_return co_await pass::run_pass(world_, config_.get(), *turn->journal, voice_, Seconds{0});
  }

  io::Task<void> wait_after(const pass::PassEnd& end) {
    const Config& config = config_.get();
    const Seconds pause = pass::pause_after(end, config.interval, world_.clock->now());
    service::status(fmt::format("{}; next pass in {} s", end.summary, pause.count()));
    const std::string why = co_await next_.wait({.end = end, .config = config, .queue = world_.queue, .pause = pause});
    if (!why.empty()) voice_.detail("a pass before it is due: " + why);
  }

  io::Task<void> refresh_config() {
    const bool asked = signals_.take_reload();
    if (asked) service::reloading();
    if (co_await config_.refresh(asked, voice_)) {
      reconfigure(world_, config_.get());
      record_good_config(state_dir_, config_.get(), world_.clock->now());
    }
    if (const auto listens = monitor_.follow(config_.get()); !listens) voice_.warning(listens.error().message);
    if (asked) service::ready("configuration read again");
  }

  // An operator may have removed the lock's file and started another daemon.
  std::expected<void, Failure> keep_lock(io::FileLock& lock) {
    const std::string file = lock_file(state_dir_, config_.get().tag);
    if (lock.is_at(file)) return {};
    voice_.warning(fmt::format("{} was removed or replaced; taken again", file));
    auto again = lock_tag(state_dir_, config_.get().tag);
    if (!again) return std::unexpected(std::move(again.error()));
    lock = *std::move(again);
    return {};
  }

  std::string state_dir_;
  pass::World world_;
  LiveConfig config_;
  OwnJournal journal_;
  std::string situation_;  // while another host leads; empty: this one makes the passes
  Monitor monitor_;
  Notifier notifier_;
  Signals& signals_;
  TerminalVoice& voice_;
  NextPass next_;
  Callers callers_;
};

// What it throws is a fault of this program. Without an end of its own, the daemon would go on without passes: of
// several that are waited for, the first success counts.
io::Task<Outcome> run_to_its_end(Daemon& daemon, io::FileLock lock) {
  try {
    co_return co_await daemon.run(std::move(lock));
  } catch (const std::exception& fault) {
    co_return failed({fmt::format("internal error: {}", fault.what())});
  }
}

io::Task<void> cut_off_after_stop(Signals& signals, Daemon& daemon) {
  co_await signals.until_stop();
  service::stopping();
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, last_pass_max);
  co_await timer.async_wait(boost::asio::use_awaitable);
  daemon.stop_waiting();  // what waits for a database is not cancelled
}

// While the event loop turns, the daemon works: a pass may wait longer than the watchdog, for a status or for an
// updateCommand, and each of its waits has a deadline.
io::Task<void> beat_for_the_watchdog() {
  const auto patience = service::watchdog_patience();
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor,
                                  boost::asio::steady_timer::time_point::max());
  while (true) {
    if (patience) timer.expires_after(*patience / 3);
    co_await timer.async_wait(boost::asio::use_awaitable);
    service::beat();
  }
}

}  // namespace

io::Task<Outcome> run_daemon(Config config, ConfigFile file, Context context, config::ConfigErrors errors) {
  mallopt(M_ARENA_MAX, 1);  // each thread would keep a heap of its own, most of it empty
  using namespace boost::asio::experimental::awaitable_operators;
  auto lock = lock_tag(context.state_dir, config.tag);
  if (!lock) co_return std::unexpected(std::move(lock.error()));
  const auto executor = co_await boost::asio::this_coro::executor;
  Signals signals(executor);
  const auto own = owner_of(context.state_dir);
  if (!own) co_return failed(own.error());
  auto journal = OwnJournal::at(config, context.state_dir, *own);
  if (!journal) co_return failed(journal.error());
  Daemon daemon(executor, std::move(config), file, context, signals, std::move(errors), *std::move(journal));
  const auto ended =
      co_await (run_to_its_end(daemon, *std::move(lock)) || cut_off_after_stop(signals, daemon) ||
                beat_for_the_watchdog() || daemon.keep_turn() || daemon.watch_files() || daemon.hear_announcements());
  context.voice.note("stopped; running operations go on, and the next start takes them up");
  if (const auto* outcome = std::get_if<Outcome>(&ended)) co_return *outcome;
  co_return exit_status::done;
}

}  // namespace hydra_provisioner::app
