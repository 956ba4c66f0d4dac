// What this host must have and allow for machines to run on it.
#pragma once

#include <string>

#include "io/async/task.hpp"
#include "model/config.hpp"
#include "model/error.hpp"

namespace hydra_provisioner::providers::local {

// Fails with everything that is missing, and how to get it.
io::Task<Expected<void>> can_run(LocalSettings settings);

// Also where the PATH lacks /usr/sbin, as cron's does.
Expected<std::string> find_sshd();

// A builder's /bin/sh is this one program, so that it must not need libraries.
bool has_static_busybox();

// Without PAM sshd takes a `!` before root's password hash for a lock, with which no key helps.
bool root_password_is_locked();

bool has_build_users();

}  // namespace hydra_provisioner::providers::local
