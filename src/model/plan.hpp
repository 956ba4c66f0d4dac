// What a pass decided, and why.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "model/machine.hpp"
#include "model/names.hpp"
#include "model/time.hpp"

namespace hydra_provisioner {

// Why, with the numbers that led to it. `until` is when this reason ends by itself, if it does.
struct Reason {
  std::string text;
  std::optional<Instant> until;
};

// A new machine, or an interrupted creation carried on.
struct Create {
  MachineId machine;
  PoolName pool;
  Reason why;
};

// A stopped machine.
struct Start {
  MachineId machine;
  PoolName pool;
  Reason why;
};

// Out of the machines file.
struct Drain {
  MachineId machine;
  PoolName pool;
  Reason why;
};

// Back into the machines file.
struct Undrain {
  MachineId machine;
  PoolName pool;
  Reason why;
};

struct Stop {
  MachineId machine;
  PoolName pool;
  Reason why;
};

struct Destroy {
  MachineId machine;
  PoolName pool;
  Reason why;
  bool never_got_ready = false;  // within its bootTimeout: counts as a failed creation
};

// Brought up to its pool's specification; it stays listed meanwhile if it is.
struct Redeploy {
  MachineId machine;
  PoolName pool;
  Reason why;
};

// As it is, for now.
struct Keep {
  MachineId machine;
  PoolName pool;
  Reason why;
};

using Action = std::variant<Create, Start, Drain, Undrain, Stop, Destroy, Redeploy, Keep>;

std::string_view name_of(const Action& action);  // "create" and so on
const MachineId& machine_of(const Action& action);
const PoolName& pool_of(const Action& action);
const Reason& reason_of(const Action& action);

struct PoolPlan {
  PoolName name;
  std::int64_t runnable = 0;
  std::int64_t running = 0;
  std::int64_t ignored = 0;
  std::int64_t wanted = 0;
  std::int64_t target = 0;
  std::int64_t machines = 0;  // that exist now, whatever their state
  std::string sum;            // "37 runnable, 5 ignored, 10 per machine → 4 wanted, 3 allowed (max 3)"
  // What holds the pool back: back-off, too many failures, a provider that cannot be asked.
  std::vector<std::string> notes;
};

struct Unplaceable {
  std::string step_type;
  std::int64_t runnable = 0;
};

// A machine that steps may run on, and whose provider wants it looked after: it is told that it is still wanted.
struct InUse {
  MachineId machine;
  std::optional<Reason> check;  // why it is asked whether it still works; none: not yet
};

struct Plan {
  Instant time;
  std::optional<std::string> untrusted;  // why the queue's state is not known
  std::vector<PoolPlan> pools;           // by name
  std::vector<Unplaceable> unplaceable;
  std::vector<Action> actions;           // by pool; within it creations, then machines by id
  std::vector<InUse> in_use;             // by number
  std::optional<Instant> reconsider_at;  // when this plan would next change by itself
};

bool has_changes(const Plan& plan);  // anything but Keep

}  // namespace hydra_provisioner
