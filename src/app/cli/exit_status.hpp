// Exit statuses, as scripts rely on them (sysexits.h where it has one).
#pragma once

namespace hydra_provisioner::exit_status {

inline constexpr int done = 0;
inline constexpr int failed = 1;   // an action failed, the file could not be written, or the journal is unreadable
inline constexpr int changes = 2;  // of `plan --detailed-exitcode`
inline constexpr int usage = 64;
inline constexpr int untrusted_status = 69;  // the pass still ran, safely
inline constexpr int locked = 75;            // another pass is at work
inline constexpr int configuration = 78;
inline constexpr int signalled = 128;  // plus the signal, of the verbs that only tell

}  // namespace hydra_provisioner::exit_status
