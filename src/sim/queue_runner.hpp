// Hydra's queue runners, as a provisioner sees them. Both spread steps over machines or pack them as their speed
// factors say, try steps again, and forget everything when they restart. The one in C++ reads the machines file every
// 30 s, and backs off from machines that fail. To the one in Rust, machines connect; it sends steps to those whose gate
// is open.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "model/queue.hpp"
#include "model/random.hpp"
#include "model/system_type.hpp"
#include "observe/build_steps.hpp"
#include "observe/rust_documents.hpp"
#include "publish/read_machines_file.hpp"
#include "sim/cloud.hpp"
#include "sim/events.hpp"
#include "sim/storage.hpp"
#include "sim/virtual_clock.hpp"

namespace hydra_provisioner::sim {

// How versions of Hydra and installations differ.
struct QueueRunnerStyle {
  bool writes_uris = false;     // `ssh://root@…`, since 2024
  bool lists_machines = true;   // some versions of 2023 do not
  bool releases_early = false;  // since 2025 a machine looks idle while its outputs are fetched
  bool has_database = false;    // that can be asked which steps are under way
  Seconds unsupported_for_at_most{0};
  Seconds clock_ahead{0};
  // As what the machines of each pool connect; empty: the machines file lists them instead.
  std::map<PoolName, publish::MachineLine> joining{};
  // Of machines that connect. A step is on its way to one for less than this, so two pings in a row show each step.
  Millis ping_interval{3'000};
  Millis dispatch_interval{10'000};  // for which the dispatcher sleeps, unless a step ends or it is woken
  bool needs_are_found = true;       // that builds have of steps whose lowest build was cancelled
  bool counts_queue_checks = true;   // while there was none since its start, it knows no steps
};

// Of `root@m1.example`: `m1.example`.
inline std::string address_of(const std::string& machine) { return machine.substr(machine.find('@') + 1); }

class QueueRunner {
 public:
  QueueRunner(QueueRunnerStyle style, Timeline& timeline, Chronicle& chronicle, Cloud& cloud, Disk& disk,
              Observer& observer, Random random);

  void add_steps(const std::string& type, std::int64_t count, Millis duration);
  std::int64_t next_step() const { return next_step_; }  // the number of the step that is added next
  // Where machines join, it is up before it has read its queue, which takes it this long.
  void restart(Seconds downtime, Seconds reading = Seconds{0});
  void wake() { dispatch(); }
  void end_builder(const std::string& address);      // its steps fail
  void restart_builder(const std::string& address);  // also when that of a machine ends without having been told to

  bool machines_join() const { return !style_.joining.empty(); }
  bool is_down() const { return timeline_.now() < up_from_; }
  bool is_reading_queue() const { return !is_down() && timeline_.now() < knows_queue_from_; }
  bool has_read_nothing_since(Time time) const { return is_reading_queue() && time >= up_from_; }
  bool is_busy_at(const std::string& address) const;
  bool may_send_steps_to(const std::string& address) const;  // now, or when it reads the file next
  std::int64_t waiting_steps() const { return std::ssize(steps_) - running_; }
  std::int64_t running_steps() const { return running_; }
  std::map<std::string, std::int64_t> waiting_by_type() const;

  // What `hydra-queue-runner --status` prints, and what the program's reader makes of that document.
  std::string status_document() const;
  QueueStatus status(Instant arrived) const;
  // What its database says of this moment; none: it cannot be asked.
  std::optional<observe::StepsUnderWay> steps_under_way() const;
  // If machines join: its answers over HTTP, and what the derivations of its steps say.
  observe::RustDocuments rust_documents() const;
  observe::RequiredFeatures required_features() const;
  bool needs_are_found() const { return style_.needs_are_found; }

 private:
  static constexpr Millis file_poll{30'000};

  using Number = std::int64_t;  // of a step; lower ones are served first
  struct Known;
  struct Type {
    std::string key;
    StepType type;
    std::set<Number> open{};                      // could begin now
    std::set<std::pair<Time, Number>> resting{};  // after a failure, until this time
    std::int64_t landing = 0;                     // on their way to a machine
    std::int64_t running = 0;
    Time supported_at;  // when a machine that supports it was last seen

    std::int64_t waiting() const { return std::ssize(open) + std::ssize(resting) + landing; }
  };
  struct Step {
    Type* type;
    Millis duration{};
    std::int64_t tries = 0;
    Time waiting_since;
    const std::string* machine = nullptr;  // null: it waits
    std::string bound_for{};               // while it is landing
    std::int64_t attempt = 0;
  };
  struct Done {
    std::int64_t steps = 0;
    Millis time{};
  };
  struct Known {
    std::string address{};
    std::string host_name{};
    publish::MachineLine line{};
    bool is_enabled = true;  // it is in the file, or its gate was open at its last ping
    std::set<Number> steps{};
    Instant idle_since{};  // in the queue runner's clock
    // Of one that has connected.
    std::int64_t landing = 0;
    Instant joined_at{};  // in the queue runner's clock, as the next
    Instant pinged_at{};
    Time heard_at{};
    bool is_cut_off = false;  // nothing will be heard of it any more
    std::map<Number, std::int64_t> failed_tries{};
    // Of one in the file.
    Time fetching_until{};
    Time disabled_until{};
    Instant out_since{};  // if it is not enabled
    Instant last_failure{};
    std::int64_t failures = 0;  // in a row, also of one that has connected
    Done done{};

    std::int64_t jobs() const { return std::ssize(steps); }
  };
  using Machines = std::map<std::string, Known>;  // by name in the machines file, or by connection

  Instant clock() const { return in_seconds(timeline_.now()) + style_.clock_ahead; }
  Type& type_of(const std::string& key);
  void poll_file_when_it_is_time();
  void read_file();
  void take_over(const std::map<std::string, publish::MachineLine>& lines);
  void forget_machines_long_gone();
  void dispatch();
  void wake_rested(Type& type) const;
  void wake_at(Time time);
  Machines::value_type* machine_for(const StepType& type);
  bool is_supported(const StepType& type) const;
  void give_up_unsupported();
  void start(Number number, Machines::value_type& machine);
  void finish(Number number);
  void fail(Number number);
  void report_failure(Number number);
  void count_failure(Number number, Known& machine);
  void release(Number number, Step& step);
  void stop_waiting(Number number);
  void lose(const std::string& address);
  void let_machines_join();
  void connect_within(const std::string& address, Millis most);
  void connect(const std::string& address);
  Machines::value_type* connection_from(const std::string& address);
  void ping(const std::string& connection);
  bool is_heard(const Known& machine) const;
  void disconnect(const std::string& connection);
  void hear_no_more_of(const std::string& address);
  void send(Number number, Machines::value_type& machine);
  void land(Number number);
  void wake_dispatcher_regularly();
  void after(Millis delay, Number number, void (QueueRunner::*what)(Number));
  std::string machines_json() const;
  std::string types_json() const;
  std::string joined_machines_json() const;
  std::string queues_json() const;
  std::map<std::string, const Known*> shown_machines(std::vector<Known>& past) const;

  QueueRunnerStyle style_;
  Timeline& timeline_;
  Chronicle& chronicle_;
  Cloud& cloud_;
  const Disk& disk_;
  Observer& observer_;
  Random random_;
  std::unordered_map<Number, Step> steps_;
  std::int64_t running_ = 0;
  Number next_step_ = 1;
  std::int64_t attempts_ = 0;
  std::int64_t connections_ = 0;
  Machines machines_;
  std::map<publish::MachineLine, Done> past_;  // what machines that are long gone did, by kind
  std::map<std::string, Type> types_;
  std::optional<FileStamp> stamp_;
  Time first_poll_;
  bool is_poll_coming_ = false;
  Time up_from_;
  Time knows_queue_from_;
  Instant started_;
  std::int64_t starts_ = 0;
};

}  // namespace hydra_provisioner::sim
