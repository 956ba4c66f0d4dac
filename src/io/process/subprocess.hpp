// Child processes. A child never outlives its deadline, nor whoever waits for it: it has a process group of its own,
// which is killed as a whole when the deadline passes, when it says too much or what its listener objects to, or when
// the waiting coroutine is cancelled or destroyed.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/async/task.hpp"
#include "io/process/programs.hpp"  // find_program, for those who run what it finds
#include "io/text/last_line.hpp"    // last_meaningful_line, for those who make messages of what was said
#include "model/error.hpp"

namespace hydra_provisioner::io {

struct Command {
  std::vector<std::string> argv;                        // argv[0] is looked up in PATH
  std::chrono::milliseconds deadline{};                 // counted from the start
  std::string input{};                                  // to its stdin, which is empty otherwise
  std::vector<std::string> environment{};               // `NAME=value`, added to ours
  std::size_t output_bytes_max = std::size_t{1} << 20;  // of stdout and of stderr, each

  // Hears both outputs while the child speaks: every piece as it comes, cut anywhere. It must not wait for anything. An
  // error ends the child and its group at once, nothing more is heard, and run() returns it.
  std::function<std::optional<Error>(std::string_view piece)> overhear{};
  bool overhears_output = true;  // else only what it writes to stderr

  // The child can go on when we are killed: it writes to files in memory, not into pipes that nobody reads any more.
  bool may_outlive_us = false;

  // When it has ended, whatever process it left behind that still has its stdout or stderr open is killed as well, also
  // one outside of its group. What has let go of both, as a daemon does, stays.
  bool ends_hangers_on = false;
};

struct Finished {
  int exit_status = 0;  // 128 + the signal's number, when a signal ended it
  std::string output;
  std::string errors;  // what it wrote to stderr
  int signal{};        // the one that ended it, 0 for none
};

// Fails when the child could not be started (what is missing, how to get it), passed its deadline
// (ErrorKind::timed_out), wrote more than it may, or was objected to. A child that ran and failed is a Finished with
// its exit status.
Task<Expected<Finished>> run(Command command);

// As run(), and a status other than 0 is an error: `nix-instantiate exited with 1: "LAST MEANINGFUL LINE OF STDERR"`
// (or, where that is empty, of stdout).
Task<Expected<Finished>> run_successfully(Command command);

}  // namespace hydra_provisioner::io
