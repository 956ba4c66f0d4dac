// A provider operation that runs in a process of its own, because it can take minutes: it outlives the pass that
// started it.
#pragma once

#include <optional>

#include "model/error.hpp"
#include "model/instance.hpp"
#include "model/machine.hpp"

namespace hydra_provisioner {

// What a create or start ended with is the machine; a stop or destroy ends with nothing more to say.
using JobResult = Expected<std::optional<Instance>>;

struct JobState {
  MachineId machine;
  Operation operation = Operation::create;
  bool is_running = false;
  std::optional<JobResult> result;  // none when it does not run: it was ended before it could tell
};

}  // namespace hydra_provisioner
