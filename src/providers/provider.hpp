// The seam to what creates machines. A provider knows nothing of queues, plans or the machines file.
#pragma once

#include <vector>

#include "io/task.hpp"
#include "model/config.hpp"
#include "model/error.hpp"
#include "model/instance.hpp"

namespace hydra_provisioner {

// All operations are idempotent: each may have been begun before, and interrupted anywhere. They can take minutes; the
// caller runs them in a job of their own (act/jobs.hpp) and gives them a deadline by cancelling them.
class Provider {
 public:
  virtual ~Provider() = default;

  // All machines under our tag, also those we never heard of. An error means that nothing is known, not that there is
  // nothing.
  virtual Task<Expected<std::vector<Instance>>> list() = 0;

  // The machine's id is the token: the same id, the same instance. Returns when the provider has done its part; ready()
  // tells whether it can be published.
  virtual Task<Expected<Instance>> create(MachineId machine, PoolConfig pool) = 0;
  virtual Task<Expected<Instance>> start(MachineId machine, PoolConfig pool) = 0;
  // ErrorKind::refused: this kind of target cannot be stopped.
  virtual Task<Expected<void>> stop(MachineId machine) = 0;
  // Already gone is success.
  virtual Task<Expected<void>> destroy(MachineId machine) = 0;

  // Whether the machine can be published now; an error says what is still missing. Quick: a few seconds at most.
  virtual Task<Expected<void>> ready(Instance instance, PoolConfig pool) = 0;
};

}  // namespace hydra_provisioner
