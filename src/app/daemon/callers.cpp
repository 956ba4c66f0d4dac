#include "app/daemon/callers.hpp"

#include <chrono>
#include <filesystem>
#include <utility>

#include <fmt/format.h>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace hydra_provisioner::app {
namespace {

// As the web interface, the evaluator and both queue runners notify them.
const std::vector<std::string>& channels_of_steps() {
  static const std::vector<std::string> channels{"builds_added",   "builds_restarted", "builds_cancelled",
                                                 "builds_deleted", "builds_bumped",    "step_started",
                                                 "step_finished",  "build_finished"};
  return channels;
}

}  // namespace

Callers::Callers(const boost::asio::any_io_executor& executor, io::Clock& clock, NextPass& next,
                 const LiveConfig& config, std::string state_dir, act::Voice& voice)
    : executor_(executor),
      next_(next),
      config_(config),
      state_dir_(std::move(state_dir)),
      voice_(voice),
      ends_(executor, [&next] { next.call("an operation or a local machine has ended"); }),
      ec2_events_(clock) {
  auto files = io::FolderWatch::open(executor);
  if (files) {
    files_ = *std::move(files);
  } else {
    voice.warning(
        fmt::format("{}; orders and a changed configuration are noticed by the next pass, within `interval`; "
                    "raise fs.inotify.max_user_instances",
                    files.error().message));
  }
}

void Callers::follow_files_and_databases() {
  const state::JournalPlace place = state::journal_place(config_.get(), state_dir_);
  if (files_) {
    std::set<std::string> folders = config_.folders();
    if (!place.is_shared()) folders.insert(state_dir_);
    files_->follow(folders);
  }
  listen_for_steps();
  listen_for_orders(place);
}

void Callers::follow_processes(const pass::World& world) {
  std::set<pid_t> processes = world.jobs->processes();
  for (const auto& [kind, provider] : world.providers) processes.merge(provider->processes());
  ends_.follow(processes);
}

io::Task<void> Callers::watch_files() {
  while (files_) {
    for (const io::FolderChange& change : co_await files_->changes()) {
      if (is_order(change)) next_.call("an order");
      if (config_.may_have_changed(change)) next_.call("the configuration has changed");
    }
  }
  boost::asio::steady_timer never(executor_, std::chrono::steady_clock::time_point::max());
  co_await never.async_wait(boost::asio::use_awaitable);
}

io::Task<void> Callers::hear_announcements() {
  const auto heard = [this](bool is_news) {
    is_announced_ = true;
    if (is_news) next_.call("EC2 has announced the end of an instance");
  };
  while (true) co_await ec2_events_.hear(config_.get().pools, heard);
}

bool Callers::is_order(const io::FolderChange& change) const {
  const state::JournalPlace place = state::in_state_dir(state_dir_, config_.get().tag);
  return change.name.empty() ||
         std::filesystem::path(change.folder) / change.name == std::filesystem::path(state::orders_file(place));
}

void Callers::listen(Database& database, std::string where, std::vector<std::string> channels,
                     io::PostgresListener::Ears ears) {
  if (database.where == where) return;
  database = {.where = where, .listener = nullptr};
  if (where.empty()) return;
  database.listener =
      std::make_unique<io::PostgresListener>(executor_, std::move(where), std::move(channels), std::move(ears));
}

void Callers::note_heard(Database& database, const std::string& what) {
  std::exchange(database.was_lost, false) ? voice_.note(what + " again") : voice_.detail(what);
}

void Callers::listen_for_steps() {
  const std::string& where = config_.get().queue.database;
  if (where.empty()) next_.set_hears_of_steps(false);
  listen(steps_, where, channels_of_steps(),
         {.heard = [this] { next_.note_steps(); },
          .changed =
              [this](const Expected<void>& state) {
                next_.set_hears_of_steps(state.has_value());
                if (state) return note_heard(steps_, "queue.database: notifications of steps are heard");
                steps_.was_lost = true;
                voice_.warning(
                    fmt::format("queue.database: {}; until its notifications are heard again, the status is "
                                "asked every `statusInterval`",
                                state.error().message));
              }});
}

void Callers::listen_for_orders(const state::JournalPlace& place) {
  listen(orders_, place.server, {place.is_shared() ? state::orders_channel(place) : ""},
         {.heard = [this] { next_.call("an order"); },
          .changed =
              [this](const Expected<void>& state) {
                if (state) return note_heard(orders_, "journal: notifications of orders are heard");
                orders_.was_lost = true;
                voice_.warning(
                    fmt::format("journal: {}; until its notifications are heard again, orders are obeyed by "
                                "the next pass, within `interval`",
                                state.error().message));
              }});
}

}  // namespace hydra_provisioner::app
