// The interface to everything that creates machines. A provider knows nothing of queues, plans or the machines file.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

#include "io/async/task.hpp"
#include "model/config.hpp"
#include "model/error.hpp"
#include "model/instance.hpp"
#include "providers/builder_orders.hpp"

namespace hydra_provisioner::providers {

// The machine that an operation is about. The instance is empty until the provider has named it.
struct MachineRef {
  MachineId machine;
  InstanceId instance;
  MachineId noted_as{};                // what its provider is to call it; empty: by its id
  std::optional<std::int64_t> slot{};  // see Machine
  bool is_new = false;                 // the inventory was read a moment ago, and nothing of the machine existed
  bool must_exist = false;             // if it is gone, it is not created again
  Owner owner{};                       // as its provider notes it, or is to note it; empty: it notes none
};

// What a provider needs to know to list its machines.
struct ListRequest {
  std::set<InstanceId> known{};     // the instances that we have on record
  std::vector<PoolConfig> pools{};  // those that want machines, or may still have some
  Owner owner{};                    // our installation
  // What its cloud has announced is taken, too, and not to be had again: for passes, not for what only looks.
  bool takes_announcements = false;
};

// What a check of a machine in use found.
enum class Condition : std::uint8_t { fine, unreachable, vanished };

// What the machines of some providers need while they are used. Nothing here creates or destroys a machine, and each
// call ends within a minute.
class Upkeep {
 public:
  virtual ~Upkeep() = default;

  // Tells the machine that it is still needed.
  virtual io::Task<Expected<void>> keep_alive(MachineRef target, PoolConfig pool) = 0;

  // Asks the machine's host or cloud; list() then shows the result.
  virtual io::Task<Expected<Condition>> check(MachineRef target, PoolConfig pool) = 0;
  virtual Seconds check_interval() const = 0;
};

// All operations are idempotent: an earlier call may have been interrupted anywhere. They can take minutes; the caller
// runs each in its own job (act/jobs.hpp), which ends it at its deadline.
class Provider {
 public:
  virtual ~Provider() = default;

  // All machines under our tag, also those that we do not know. An error means that nothing is known, not that there
  // are no machines. It is an error, too, when a `known` instance that may exist cannot be listed.
  virtual io::Task<Expected<Inventory>> list(ListRequest request) = 0;

  // A hash of everything that a machine of this pool is made from. A machine with another one is outdated.
  virtual io::Task<Expected<std::string>> specification(PoolConfig pool) = 0;

  // The machine's id is the token: the same id means the same instance. A machine that exists is brought up to its
  // specification. Returns when the provider has done its part; ready() says whether the machine can be published.
  // ErrorKind::unfinished: the machine exists, and calling again may finish it.
  virtual io::Task<Expected<Instance>> create(MachineRef target, PoolConfig pool) = 0;
  virtual io::Task<Expected<Instance>> start(MachineRef target, PoolConfig pool) = 0;
  // ErrorKind::refused: this kind of machine cannot be stopped.
  virtual io::Task<Expected<void>> stop(MachineRef target, PoolConfig pool) = 0;
  // Succeeds if the machine is already gone.
  virtual io::Task<Expected<void>> destroy(MachineRef target, PoolConfig pool) = 0;

  // Whether the machine can be published now; an error says what is still missing. Takes a few seconds at most.
  virtual io::Task<Expected<void>> ready(Instance instance, PoolConfig pool) = 0;

  // Whether ready() can be asked of a machine in use, too.
  virtual bool can_probe() const { return false; }

  // `NAME=value` for the environment of its jobs: what it has found out about this host, so that they need not.
  virtual std::vector<std::string> environment_of_jobs() const { return {}; }

  // Of a machine whose builder connects to the queue runner by itself. Takes some seconds at most.
  virtual io::Task<Expected<void>> tell_builder(Instance instance, PoolConfig pool, BuilderOrder order) {
    return tell_builder_over_ssh(std::move(instance), std::move(pool), order);
  }

  // The processes of this host that its machines are, if they are any: when one ends, a machine may have vanished.
  virtual std::set<pid_t> processes() const { return {}; }

  virtual Upkeep* upkeep() { return nullptr; }  // null: its machines need no upkeep
};

}  // namespace hydra_provisioner::providers
