// The seam to what creates machines. A provider knows nothing of queues, plans or the machines file.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "io/async/task.hpp"
#include "model/config.hpp"
#include "model/error.hpp"
#include "model/instance.hpp"

namespace hydra_provisioner::providers {

// What an operation is about. The instance is empty while the provider has not named it.
struct MachineRef {
  MachineId machine;
  InstanceId instance;
  bool is_new = false;      // it was listed a moment ago, and nothing of it was there
  bool must_exist = false;  // it is not made anew, should it have gone
};

// What a provider that lists its machines has to know of us.
struct ListRequest {
  std::set<InstanceId> known{};     // that we have on record
  std::vector<PoolConfig> pools{};  // that are to have machines, or may have some left
};

// What a look at a machine in use found.
enum class Condition : std::uint8_t { fine, unreachable, vanished };

// What some providers' machines need for as long as they are used. Nothing here makes or ends a machine, and each call
// ends within a minute.
class Upkeep {
 public:
  virtual ~Upkeep() = default;

  // Tells the machine that it is still wanted.
  virtual io::Task<Expected<void>> keep_alive(MachineRef target, PoolConfig pool) = 0;

  // Asks the machine's host or cloud; list() then shows what it found.
  virtual io::Task<Expected<Condition>> check(MachineRef target, PoolConfig pool) = 0;
  virtual Seconds check_interval() const = 0;
};

// All operations are idempotent: each may have been begun before, and interrupted anywhere. They can take minutes; the
// caller runs them in a job of their own (act/jobs.hpp) and gives them a deadline by cancelling them.
class Provider {
 public:
  virtual ~Provider() = default;

  // All machines under our tag, also those we never heard of. An error means that nothing is known, not that there is
  // nothing; so it is when one of `known` cannot be shown although it may exist.
  virtual io::Task<Expected<Inventory>> list(ListRequest request) = 0;

  // A hash of all that a machine of this pool is made from: one that was made from something else is outdated.
  virtual io::Task<Expected<std::string>> specification(PoolConfig pool) = 0;

  // The machine's id is the token: the same id, the same instance. One that exists is brought up to its specification.
  // Returns when the provider has done its part; ready() tells whether it can be published. ErrorKind::unfinished: the
  // machine exists, and calling again may bring it up.
  virtual io::Task<Expected<Instance>> create(MachineRef target, PoolConfig pool) = 0;
  virtual io::Task<Expected<Instance>> start(MachineRef target, PoolConfig pool) = 0;
  // ErrorKind::refused: this kind of target cannot be stopped.
  virtual io::Task<Expected<void>> stop(MachineRef target, PoolConfig pool) = 0;
  // Already gone is success.
  virtual io::Task<Expected<void>> destroy(MachineRef target, PoolConfig pool) = 0;

  // Whether the machine can be published now; an error says what is still missing. Quick: a few seconds at most.
  virtual io::Task<Expected<void>> ready(Instance instance, PoolConfig pool) = 0;

  // What it found out about its surroundings and its jobs need not find out again: `NAME=value`, for their environment.
  virtual std::vector<std::string> environment_of_jobs() const { return {}; }

  virtual Upkeep* upkeep() { return nullptr; }  // null: its machines need none
};

}  // namespace hydra_provisioner::providers
