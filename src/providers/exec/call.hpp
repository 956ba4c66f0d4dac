// Calls of a program that provides machines: a process each, the request on its stdin, the answer on its stdout. It
// ends at its deadline at the latest, with all that it started and that did not become a daemon.
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
  std::string log_file;  // of what it writes to stderr
};

io::Task<std::expected<io::Json, ExecFailure>> call_once(ExecCall call);

// The conversation alone, whatever is said in it: what the program prints.
io::Task<Expected<std::string>> converse(ExecCall call, std::string input);

// Again whenever the program asks for that, until the deadline. For jobs: it may take as long.
io::Task<Expected<io::Json>> call_patiently(ExecCall call, io::Clock& clock);

// What is to be said of an answer that cannot be read.
Error misread(const ExecCall& call, const Error& error);

}  // namespace hydra_provisioner::providers::exec
