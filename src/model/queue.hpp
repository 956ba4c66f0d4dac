// What the queue runner reports about its queue and its machines, or why that cannot be trusted.
#pragma once

#include <algorithm>
#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "model/machine.hpp"
#include "model/system_type.hpp"
#include "model/time.hpp"

namespace hydra_provisioner {

struct StepTypeCount {
  std::string key;  // as the queue runner wrote it: `x86_64-linux:kvm,local`
  StepType type;
  std::int64_t runnable = 0;  // waiting for a slot
  std::int64_t running = 0;   // on a machine
};

// A machine as the queue runner sees it. A missing value is unknown; it is never taken for zero.
struct QueueMachine {
  std::optional<bool> enabled;  // false: taken out of the machines file since the queue runner started
  std::optional<std::int64_t> current_jobs;
  std::optional<Instant> idle_since;      // the epoch: no job since the queue runner started
  std::optional<Instant> last_failure{};  // to reach it or to talk to it; the epoch: none
  std::optional<std::int64_t> consecutive_failures{};
  std::optional<MachineKind> kind{};
  std::optional<Instant> reported_at{};  // by the machine itself, in the queue runner's clock; none: it does not report
  std::optional<Instant> joined_at{};    // when it connected, within a second or two
  std::string trouble{};                 // why it is of no use, although it is there; empty: nothing is known
  // Steps under way on it by Hydra's database, which was asked after the document was written. A step is, until its
  // outputs are fetched. None: the database was not asked, or did not answer.
  std::optional<std::int64_t> steps_under_way{};
};

// By the document and by the database, whichever knows more.
std::int64_t jobs_on(const QueueMachine& entry);

// What machines of one kind have built since the queue runner started.
struct StepHistory {
  std::set<std::string> systems;
  std::set<std::string> mandatory_features;
  std::int64_t steps = 0;
  Seconds time{};                                             // of all of them together, copying included
  std::optional<std::set<std::string>> supported_features{};  // none: the queue runner does not say

  friend bool operator==(const StepHistory&, const StepHistory&) = default;
};

// A document whose time differs from our clock by more is not trusted; so the clocks differ by this at most.
inline constexpr Seconds clock_difference_max{120};

// A machine that connects by itself and was told to open or to close shows that with its next report, some seconds
// later. If none has shown it after this long, that is told. Nothing else follows yet: the machine may have been slow.
inline constexpr Seconds reports_show_within{60};

struct QueueStatus {
  Instant time;                           // the queue runner's clock when it wrote the document
  Instant arrived;                        // our clock when we had it
  std::optional<Instant> started;         // the queue runner's start, in its own clock
  std::vector<StepTypeCount> step_types;  // by key
  // By `user@address`, without `ssh://` and `?…`, or by machine id. No value: the document has none, as with some
  // versions of Hydra (see docs/status.md).
  std::optional<std::map<std::string, QueueMachine>> machines;
  std::vector<StepHistory> history{};  // one for each kind of machines of which it says enough
  // Machines connect to the queue runner by themselves, and report to it. One of them has steps only while it is there,
  // and may have some although it was never listed.
  bool machines_join = false;
  bool hides_machines = false;      // some have the same name, and the document shows one of them, whichever
  bool hidden_may_be_busy = false;  // those that it does not show
  // A program describes a queue that is not Hydra's. Nothing is known of a machine that it does not name.
  bool from_program = false;
  std::map<std::string, Millis> expected_times{};  // of waiting steps, by their system, as far as Hydra's database says
  std::vector<std::string> remarks{};              // what else is wrong with the queue, for its users
  std::vector<std::string> unasked{};              // what its source could not find out, and what follows
};

// For times of which it is not known by which of the two clocks they were noted: no time seems longer ago than it is.
inline Instant earlier_clock(const QueueStatus& status) { return std::min(status.time, status.arrived); }

// The name in the machines file of the machine that the queue runner calls so. Since 2024 it uses store references:
// `ssh://root@[2001:db8::1]?remote-store=…` means `root@2001:db8::1`.
std::string name_in_machines_file(std::string_view key);

// What the queue runner says of the machine of this name; null: nothing.
const QueueMachine* entry_of(const QueueStatus& status, const std::string& name);

// What it calls one of our machines: `root@address`, or the machine's id.
std::string name_in(const QueueStatus& status, const Machine& machine);
const QueueMachine* entry_of(const QueueStatus& status, const Machine& machine);

// Why the queue's state is not known: the text names what failed, with its numbers.
struct Untrusted {
  std::string why;
};

using Queue = std::expected<QueueStatus, Untrusted>;

}  // namespace hydra_provisioner
