// What calls the daemon before its next pass is due: orders, a changed configuration, ends of operations and of local
// machines, news of steps, and what clouds announce. Each source calls NextPass; a further one is a member here.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include "act/voice.hpp"
#include "app/daemon/live_config.hpp"
#include "app/daemon/next_pass.hpp"
#include "io/async/clock.hpp"
#include "io/async/task.hpp"
#include "io/file/folder_watch.hpp"
#include "io/postgres_listener.hpp"
#include "io/process/ends.hpp"
#include "pass/world.hpp"
#include "providers/ec2/event_watch.hpp"
#include "state/place.hpp"

namespace hydra_provisioner::app {

class Callers {
 public:
  Callers(const boost::asio::any_io_executor& executor, io::Clock& clock, NextPass& next, const LiveConfig& config,
          std::string state_dir, act::Voice& voice);

  // Before a pass: what is news depends on the configuration.
  void follow_files_and_databases();
  // Whether a pass is to read the queues of what clouds announce: something is there, or they cannot be heard.
  bool take_announced() { return std::exchange(is_announced_, false); }
  // After a pass, which may have begun operations and made machines.
  void follow_processes(const pass::World& world);

  // These never end.
  io::Task<void> watch_files();
  io::Task<void> hear_announcements();

 private:
  // What is notified in one database; none: nothing is.
  struct Database {
    std::string where;
    std::unique_ptr<io::PostgresListener> listener;
    bool was_lost = false;
  };
  void listen(Database& database, std::string where, std::vector<std::string> channels,
              io::PostgresListener::Ears ears);
  void note_heard(Database& database, const std::string& what);
  void listen_for_steps();
  void listen_for_orders(const state::JournalPlace& place);
  bool is_order(const io::FolderChange& change) const;

  boost::asio::any_io_executor executor_;
  NextPass& next_;
  const LiveConfig& config_;
  std::string state_dir_;
  act::Voice& voice_;
  std::optional<io::FolderWatch> files_;
  io::ProcessEnds ends_;
  providers::ec2::EventWatch ec2_events_;
  bool is_announced_ = true;  // nothing is known at first
  Database steps_;
  Database orders_;
};

}  // namespace hydra_provisioner::app
