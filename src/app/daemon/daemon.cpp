#include "app/daemon/daemon.hpp"

#include <chrono>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "app/cli/exit_status.hpp"
#include "app/daemon/live_config.hpp"
#include "app/daemon/service.hpp"
#include "app/daemon/signals.hpp"
#include "app/real_world.hpp"
#include "app/tag_lock.hpp"
#include "pass/pass.hpp"
#include "pass/rhythm.hpp"
#include "state/sqlite_journal.hpp"

namespace hydra_provisioner::app {
namespace {

constexpr std::chrono::seconds last_pass_max{5};  // after which a pass that is at it is cut off, as if it were killed

class Daemon {
 public:
  Daemon(Config config, const Options& options, Signals& signals, TerminalVoice& voice)
      : options_(options),
        world_(make_patient_world(config, options.state_dir)),
        config_(options.config_file, std::move(config), {.allow_empty = options.allow_empty}),
        signals_(signals),
        voice_(voice) {}

  io::Task<int> run(io::FileLock lock) {
    pass::Rhythm rhythm;
    bool is_up = false;
    while (signals_.stop() == 0) {
      voice_.begin_pass();
      if (const int lost = keep_lock(lock); lost != exit_status::done) co_return lost;
      co_await refresh_config();
      const pass::PassEnd end = co_await pass();
      const Seconds pause = rhythm.pause_after(end, config_.get().interval, world_.clock->now());
      tell_service_manager(std::exchange(is_up, true),
                           fmt::format("{}; next pass in {} s", end.summary, pause.count()));
      co_await signals_.sleep_for(pause);
    }
    co_return exit_status::done;
  }

 private:
  // The journal is opened anew each time: somebody may have removed or replaced it.
  io::Task<pass::PassEnd> pass() {
    const auto journal = state::SqliteJournal::open(state::journal_file(options_.state_dir, config_.get().tag));
    if (!journal) {
      voice_.problem(journal.error().message);
      co_return pass::PassEnd{.summary = journal.error().message};
    }
    co_return co_await pass::run_pass(world_, config_.get(), **journal, voice_, Seconds{0});
  }

  io::Task<void> refresh_config() {
    const bool asked = signals_.take_reload();
    if (asked) service::reloading();
    if (co_await config_.refresh(asked, voice_)) reconfigure(world_, config_.get());
    if (asked) service::ready("configuration read again");
  }

  // Somebody may have removed its file, and begun another daemon.
  int keep_lock(io::FileLock& lock) {
    const std::string file = lock_file(options_.state_dir, config_.get().tag);
    if (lock.is_at(file)) return exit_status::done;
    voice_.warning(fmt::format("{} was removed or replaced; taken again", file));
    auto again = lock_tag(options_.state_dir, config_.get().tag, voice_);
    if (!again) return again.error();
    lock = *std::move(again);
    return exit_status::done;
  }

  static void tell_service_manager(bool is_up, const std::string& status) {
    if (is_up) {
      service::alive(status);
    } else {
      service::ready(status);
    }
  }

  const Options& options_;
  pass::World world_;
  LiveConfig config_;
  Signals& signals_;
  TerminalVoice& voice_;
};

io::Task<void> last_moment(Signals& signals) {
  co_await signals.until_stop();
  service::stopping();
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, last_pass_max);
  co_await timer.async_wait(boost::asio::use_awaitable);
}

}  // namespace

io::Task<int> run_daemon(Config config, const Options& options, TerminalVoice& voice) {
  using namespace boost::asio::experimental::awaitable_operators;
  auto lock = lock_tag(options.state_dir, config.tag, voice);
  if (!lock) co_return lock.error();
  Signals signals(co_await boost::asio::this_coro::executor);
  Daemon daemon(std::move(config), options, signals, voice);
  const auto ended = co_await (daemon.run(*std::move(lock)) || last_moment(signals));
  voice.note("stopped; what is under way goes on, and the next start takes it up");
  if (const int* status = std::get_if<int>(&ended)) co_return *status;
  co_return exit_status::done;
}

}  // namespace hydra_provisioner::app
