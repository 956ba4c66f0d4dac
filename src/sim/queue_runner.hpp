// Hydra's classic queue runner, as far as a provisioner can tell: it reads the machines file every 30 s, spreads steps
// over machines, backs off from those that fail, tries steps again, and forgets everything when it restarts.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "model/system_type.hpp"
#include "sim/chronicle.hpp"
#include "sim/cloud.hpp"
#include "sim/disk.hpp"
#include "sim/random.hpp"
#include "sim/read_machines_file.hpp"
#include "sim/virtual_clock.hpp"
#include "sim/witness.hpp"

namespace hydra_provisioner::sim {

// What differs between versions of Hydra, and installations.
struct QueueRunnerStyle {
  bool writes_uris = false;     // `ssh://root@…`, since 2024
  bool lists_machines = true;   // some of 2023 do not
  bool releases_early = false;  // since 2025 a machine that outputs are fetched from looks idle
  Seconds unsupported_for_at_most{0};
  Seconds clock_ahead{0};
};

class QueueRunner {
 public:
  QueueRunner(QueueRunnerStyle style, Timeline& timeline, Chronicle& chronicle, Cloud& cloud, const Disk& disk,
              Witness& witness, Random random);

  void add_steps(const std::string& type, std::int64_t count, Seconds duration);
  void restart(Seconds downtime);

  bool is_down() const { return timeline_.now() < up_from_; }
  bool is_busy_at(const std::string& address) const;
  std::int64_t waiting_steps() const;
  std::int64_t running_steps() const;
  std::map<std::string, std::int64_t> waiting_by_type() const;

  std::string status_document() const;

 private:
  struct Step {
    std::string key;
    StepType type;
    Seconds duration{};
    std::int64_t tries = 0;
    Time not_before;
    Time waiting_since;
    std::string machine{};  // empty: it waits
    std::int64_t attempt = 0;
  };
  struct Known {
    MachineLine line;
    bool is_enabled = true;
    std::int64_t jobs = 0;
    Instant idle_since;  // in the queue runner's clock
    Time fetching_until;
    Time disabled_until;
    Instant last_failure;
    std::int64_t failures = 0;
  };
  using Steps = std::map<std::int64_t, Step>;

  Instant clock() const { return in_seconds(timeline_.now()) + style_.clock_ahead; }
  void poll_file();
  void read_file();
  void take_over(const std::map<std::string, MachineLine>& lines);
  void dispatch();
  void wake_at(Time time);
  std::string machine_for(const Step& step) const;
  bool is_supported(const Step& step) const;
  void give_up_unsupported();
  void start(std::int64_t number, const std::string& machine);
  void finish(std::int64_t number);
  void fail(std::int64_t number);
  void release(const std::string& machine);
  void lose(const std::string& address);
  void after(Millis delay, std::int64_t number, void (QueueRunner::*what)(std::int64_t));
  std::string machines_json() const;
  std::string types_json() const;

  QueueRunnerStyle style_;
  Timeline& timeline_;
  Chronicle& chronicle_;
  Cloud& cloud_;
  const Disk& disk_;
  Witness& witness_;
  Random random_;
  Steps steps_;
  std::int64_t next_step_ = 1;
  std::int64_t attempts_ = 0;
  std::map<std::string, Known> machines_;
  std::set<std::string> types_;
  std::optional<FileStamp> stamp_;
  Time up_from_;
  Instant started_;
  std::int64_t starts_ = 0;
};

}  // namespace hydra_provisioner::sim
