// Tasks side by side, with a limit.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "io/async/task.hpp"

namespace hydra_provisioner::io {

// Runs all of them, at most `parallel_max` at a time, in order of their start, and ends when the last has. Cancelling
// it cancels those that run, starts no more, and waits for them. An exception in one of them cancels the others and is
// thrown on. The functions are kept until then: they may be capturing lambdas that are coroutines.
Task<void> run_all(std::vector<std::function<Task<void>()>> tasks, std::size_t parallel_max);

}  // namespace hydra_provisioner::io
