// How a command ends: with its exit status, or with what went wrong, which program.cpp prints.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/error.hpp"

namespace hydra_provisioner::app {

// Exit statuses, as scripts rely on them (sysexits.h where it has one).
namespace exit_status {

inline constexpr int done = 0;
inline constexpr int failed = 1;   // an action failed, the file could not be written, or the journal is unreadable
inline constexpr int changes = 2;  // of `plan --detailed-exitcode`
inline constexpr int usage = 64;
inline constexpr int untrusted_status = 69;  // the pass still ran, safely
inline constexpr int locked = 75;            // another pass is running
inline constexpr int configuration = 78;
inline constexpr int signalled = 128;  // plus the number of the signal that ended the command

}  // namespace exit_status

// What they mean, as the help, the manual and docs/operation.md say it.
struct ExitMeaning {
  std::string_view status;
  std::string_view meaning;
};
inline constexpr ExitMeaning exit_meanings[] = {
    {"0", "done; steps that fit no type are only reported"},
    {"1",
     "an action failed, the machines file or the output could not be written, the journal cannot be read, or others "
     "may write to the state directory"},
    {"2", "`plan --detailed-exitcode`: there is something to do; `status --check`: broken (1: degraded)"},
    {"64", "the command line is wrong"},
    {"69", "the queue runner's status is not to be trusted; the pass still ran, safely"},
    {"75", "another pass or daemon of the same tag is running"},
    {"78", "the configuration is wrong, or cannot be evaluated"},
    {"130, 143", "Ctrl-C or SIGTERM ended the command; but a single pass and the daemon end with 0"},
};

struct Failure {
  std::vector<std::string> problems;  // empty: there is nothing left to say
  int status = exit_status::failed;
};

using Outcome = std::expected<int, Failure>;

inline std::unexpected<Failure> ends_with(int status, Error error) {
  return std::unexpected(Failure{{std::move(error.message)}, status});
}
inline std::unexpected<Failure> failed(Error error) { return ends_with(exit_status::failed, std::move(error)); }
inline std::unexpected<Failure> misused(Error error) { return ends_with(exit_status::usage, std::move(error)); }

}  // namespace hydra_provisioner::app
