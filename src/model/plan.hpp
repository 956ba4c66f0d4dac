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

// What keeps a pool from getting machines that it lacks.
enum class HoldKind : std::uint8_t {
  paused,       // by an operator
  unhealthy,    // too many of its machines do not work
  unspecified,  // what its machines are made from cannot be read
  unpublished,  // the machines file cannot be published
  failures,     // too many machines failed within an hour
  back_off,     // the latest creations failed
  unused,       // the queue runner uses none of its machines
  maximum,      // it has maxMachines
  unseen,       // its provider does not say which machines there are
};
template <>
inline constexpr auto names_of<HoldKind> = enum_names("paused", "unhealthy", "unspecified", "unpublished", "failures",
                                                      "backOff", "unused", "maximum", "unseen");

// Why, with the numbers that led to it. `until`: when this reason ends by itself.
struct Reason {
  std::string text;
  std::optional<Instant> until;
  std::optional<HoldKind> hold{};  // none: it is no hold
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
  std::optional<HoldKind> held{};  // what keeps it from getting the machines that it lacks; none: nothing
  std::string unused{};            // why the queue runner seems to use none of its machines; empty: it uses some
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
  std::vector<Action> actions;           // by pool; within it creations, then machines by id
  std::vector<InUse> in_use;             // by number
  std::vector<MachineId> probed{};       // that are asked whether they still answer
  std::optional<Instant> reconsider_at;  // when this plan would next change by itself
};

inline bool has_changes(const Plan& plan) {
  return std::ranges::any_of(plan.actions, [](const Action& action) { return action.kind != ActionKind::keep; });
}

}  // namespace hydra_provisioner
