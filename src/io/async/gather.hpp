// Runs tasks concurrently, up to a limit.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "io/async/task.hpp"

namespace hydra_provisioner::io {

// Starts the tasks in their order, at most `parallel_max` at a time, and ends when all have ended. Cancelling it
// cancels the running tasks, waits for them, and starts no more. An exception in a task cancels the others and is
// rethrown. The functions live until the end, so they may be capturing lambdas that are coroutines.
Task<void> run_all(std::vector<std::function<Task<void>()>> tasks, std::size_t parallel_max);

}  // namespace hydra_provisioner::io
