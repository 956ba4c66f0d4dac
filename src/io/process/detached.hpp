// Processes that outlive us: jobs and local machines. They get a session of their own and, where systemd runs this
// host, a scope of their own, so that a service's end does not take them along.
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
  int inherited_descriptor = -1;           // handed over as descriptor 3, such as a held lock; every other is closed
};

// The process id of a child that must be reaped by whoever stays long enough to see it end.
Expected<pid_t> spawn_detached(const DetachedCommand& command);

// Of this host, as far as it decides about scopes.
struct ServiceManager {
  bool is_systemd = false;
  bool lets_us_make_scopes = false;  // we are root
  bool has_systemd_run = false;      // in PATH
};

// The command, in a scope of its own where that is possible and needed. systemd-run replaces itself by the command, so
// that process id, session and descriptors stay what they are.
std::vector<std::string> in_own_scope(std::vector<std::string> argv, const ServiceManager& host);

}  // namespace hydra_provisioner::io
