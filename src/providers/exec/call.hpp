// Calls of a program that provides machines. Each is a process, which gets the request on its stdin and prints the
// answer to its stdout. It is killed at its deadline, with all processes that it started and that are no daemons.
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "io/async/clock.hpp"
#include "io/async/task.hpp"
#include "io/text/json.hpp"
#include "model/error.hpp"
#include "model/time.hpp"
#include "providers/exec/protocol.hpp"

namespace hydra_provisioner::providers::exec {

struct ExecCall {
  std::vector<std::string> command;
  ExecRequest request;
  Seconds deadline;
  std::string log_file;  // for what it writes to stderr
};

io::Task<std::expected<io::Json, ExecFailure>> call_once(ExecCall call);

// Runs the program with this input instead of the request, and returns what it prints.
io::Task<Expected<std::string>> run_with_input(ExecCall call, std::string input);

// Calls the program again whenever it asks for that, until the deadline. For jobs, which may take that long.
io::Task<Expected<io::Json>> call_until_done(ExecCall call, io::Clock& clock);

// The message for an answer that cannot be read.
Error unreadable_answer(const ExecCall& call, const Error& error);

}  // namespace hydra_provisioner::providers::exec
