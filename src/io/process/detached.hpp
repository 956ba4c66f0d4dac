// Processes that outlive us: jobs and local machines. Each gets a session of its own and, where systemd runs this host,
// a scope of its own, so that it goes on when our service is stopped.
#pragma once

#include <string>
#include <vector>

#include <sys/types.h>

#include "model/error.hpp"

namespace hydra_provisioner::io {

struct DetachedCommand {
  std::vector<std::string> argv;           // argv[0] is looked up in PATH
  std::vector<std::string> environment{};  // `NAME=value`, added to ours
  std::string log_file{};                  // stdout and stderr are appended to it; its folder exists
  int inherited_descriptor = -1;           // becomes descriptor 3, such as a held lock; all others are closed
};

// Returns the process id. If the child ends before we do, it has to be reaped.
Expected<pid_t> spawn_detached(const DetachedCommand& command);

// What decides whether a scope is made.
struct ServiceManager {
  bool is_systemd = false;
  bool lets_us_make_scopes = false;  // true for root
  bool has_systemd_run = false;      // in PATH
};

// Runs the command in a scope of its own where that is possible and needed. systemd-run replaces itself by the command,
// so process id, session and descriptors stay the same.
std::vector<std::string> in_own_scope(std::vector<std::string> argv, const ServiceManager& host);

}  // namespace hydra_provisioner::io
