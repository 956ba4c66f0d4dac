// What a pass decided, and why.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/enum_names.hpp"
#include "model/machine.hpp"
#include "model/names.hpp"
#include "model/time.hpp"

namespace hydra_provisioner {

// Why, in a word for programs. docs/reasons.md says what each means, and a test compares the two. A name once given
// keeps its meaning.
enum class ReasonCode : std::uint8_t {
  back_off,
  beyond_maximum,
  boot_timeout,
  booting,
  budget,
  busy,
  check_due,
  failed,
  failing,
  grace,
  incomplete,
  interrupted,
  max_age,
  maximum,
  needed,
  no_replacement,
  not_configured,
  not_needed,
  not_seen,
  not_trusted,
  noticed,
  ordered,
  paid,
  paused,
  protected_by_order,
  rest,
  restarted,
  retry,
  specification,
  standby,
  stopped,
  surplus,
  trouble,
  turn,
  under_way,
  unhealthy,
  unproven,
  unpublished,
  unspecified,
  unused,
  vanished,
};
template <>
inline constexpr auto names_of<ReasonCode> =
    enum_names("back-off", "beyond-maximum", "boot-timeout", "booting", "budget", "busy", "check-due", "failed",
               "failing", "grace", "incomplete", "interrupted", "max-age", "maximum", "needed", "no-replacement",
               "not-configured", "not-needed", "not-seen", "not-trusted", "noticed", "ordered", "paid", "paused",
               "protected", "rest", "restarted", "retry", "specification", "standby", "stopped", "surplus", "trouble",
               "turn", "under-way", "unhealthy", "unproven", "unpublished", "unspecified", "unused", "vanished");

// Why, with the numbers that led to it. `until`: when this reason ends by itself.
struct Reason {
  ReasonCode code{};
  std::string text;
  std::optional<Instant> until;
};

enum class ActionKind : std::uint8_t {
  create,   // a new machine, or an interrupted creation carried on
  start,    // a stopped machine
  drain,    // out of the machines file
  undrain,  // back into the machines file
  stop,
  destroy,
  redeploy,  // brought up to its pool's specification; it stays listed meanwhile if it is
  keep,      // as it is, for now
};
template <>
inline constexpr auto names_of<ActionKind> =
    enum_names("create", "start", "drain", "undrain", "stop", "destroy", "redeploy", "keep");

struct Action {
  ActionKind kind = ActionKind::keep;
  MachineId machine;
  PoolName pool;
  Reason reason;
  bool never_got_ready = false;  // of destroy: not ready within its bootTimeout, which counts as a failed creation
  bool is_useless = false;       // of drain: of no use although it is new, which counts as a failed creation, too
  bool stands_by = false;        // of what brings a machine up: it is not listed then, but stopped, until it is needed
  bool in_turn = false;          // of drain: it is the machine's turn to be replaced
  bool by_force = false;         // of stop and destroy: without a proof that no step runs on it
};

struct PoolPlan {
  PoolName name;
  std::int64_t runnable = 0;
  std::int64_t running = 0;
  std::int64_t ignored = 0;
  std::int64_t wanted = 0;
  std::int64_t target = 0;
  std::int64_t machines = 0;   // that exist now, in any state
  std::int64_t unhealthy = 0;  // of them, that do not work
  std::string explanation;     // "37 runnable, 5 ignored, 10 per machine → 4 wanted, 3 allowed (max 3)"
  // What holds the pool back: back-off, too many failures, a provider that does not answer.
  std::vector<std::string> notes;
  std::optional<ReasonCode> held{};  // why none, or fewer than are missing, are created, or nothing is done at all
  std::string unused{};              // why the queue runner seems to use none of its machines; empty: it uses some
  std::map<PoolName, std::int64_t> left_to{};  // runnable steps beyond its maximum, which count for spill pools
};

struct Unplaceable {
  std::string step_type;
  std::int64_t runnable = 0;
};

// What is due for a machine on which steps may run.
struct InUse {
  MachineId machine;
  bool keep_alive = false;        // it is told that it is still needed; that it hears this shows that it works
  bool may_return = false;        // it is out of use, and not redeployed now: if it hears this, it is checked
  std::optional<Reason> check{};  // why its provider is asked whether it still works; none: no check is due
};

struct Plan {
  Instant time;
  std::optional<std::string> untrusted;  // why the queue's state is not known
  std::vector<PoolPlan> pools;           // by name
  std::vector<Unplaceable> unplaceable;
  std::vector<std::string> notes{};      // what concerns all pools: budgets, what the queue does not tell
  std::vector<Action> actions;           // by pool; within it creations, then machines by id
  std::vector<InUse> in_use;             // by number
  std::vector<MachineId> probed{};       // that are asked whether they still answer
  std::optional<Instant> reconsider_at;  // when this plan would next change by itself
};

// The plan's actions, which it keeps, by their machines.
using ActionsByMachine = std::map<MachineId, const Action*>;
inline ActionsByMachine actions_by_machine(const Plan& plan) {
  ActionsByMachine actions;
  for (const Action& action : plan.actions) actions.emplace(action.machine, &action);
  return actions;
}
// Null: the plan says nothing of the machine.
inline const Action* action_on(const ActionsByMachine& actions, const MachineId& machine) {
  const auto found = actions.find(machine);
  return found == actions.end() ? nullptr : found->second;
}

inline bool has_changes(const Plan& plan) {
  return std::ranges::any_of(plan.actions, [](const Action& action) { return action.kind != ActionKind::keep; });
}

}  // namespace hydra_provisioner
