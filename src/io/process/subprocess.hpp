// Child processes. Each has a process group of its own, which is killed as a whole when its deadline passes, when it
// prints too much, when on_output returns an error, or when the waiting coroutine is cancelled or destroyed.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/async/task.hpp"
#include "io/process/programs.hpp"  // find_program, for callers that run what it finds
#include "io/text/wording.hpp"      // last_meaningful_line, for messages about what a child printed
#include "model/error.hpp"

namespace hydra_provisioner::io {

struct Command {
  std::vector<std::string> argv;                        // argv[0] is looked up in PATH
  std::chrono::milliseconds deadline{};                 // from its start
  std::string input{};                                  // its stdin
  std::vector<std::string> environment{};               // `NAME=value`, added to ours
  std::size_t output_bytes_max = std::size_t{1} << 20;  // of stdout and of stderr, each

  // Called with each piece of stdout and stderr as it arrives, cut anywhere. It must not wait. If it returns an error,
  // the child and its group are killed, it is not called again, and run() returns the error.
  std::function<std::optional<Error>(std::string_view piece)> on_output{};
  bool watches_stdout = true;  // false: on_output gets stderr only

  // The child can go on when we are killed: it writes to files in memory and not into pipes, which would break.
  bool may_outlive_us = false;

  // After the child has ended, kills every process that it left behind with its stdout or stderr open, even outside of
  // its group. A process that has closed both, as a daemon does, goes on.
  bool kills_leftovers = false;
};

struct Finished {
  int exit_status = 0;  // 128 + the signal's number, when a signal ended it
  std::string output;
  std::string errors;  // its stderr
  int signal{};        // the one that ended it; 0: none did
};

// Fails when the child could not be started (the message says how to get a missing program), passed its deadline
// (ErrorKind::timed_out), printed too much, or on_output returned an error. A child that ran and failed is a Finished
// with its exit status.
Task<Expected<Finished>> run(Command command);

// As run(), but another exit status than 0 is an error: `nix-instantiate exited with 1: "LAST MEANINGFUL LINE"`, of
// stderr or, if that is empty, of stdout.
Task<Expected<Finished>> run_successfully(Command command);

}  // namespace hydra_provisioner::io
