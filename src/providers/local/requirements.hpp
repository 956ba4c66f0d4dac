// What this host must provide so that machines can run on it.
#pragma once

#include <string>

#include "io/async/task.hpp"
#include "model/config.hpp"
#include "model/error.hpp"

namespace hydra_provisioner::providers::local {

// Fails with everything that is missing, and how to provide it.
io::Task<Expected<void>> can_run(LocalSettings settings);

// Also finds it when /usr/sbin is not in PATH, as in cron jobs.
Expected<std::string> find_sshd();

// It is the only program in a builder's sandbox, as /bin/sh, so it must not need libraries.
bool has_static_busybox();

// Without PAM, sshd takes a `!` before root's password hash for a locked account, and accepts no key.
bool root_password_is_locked();

bool has_build_users();

}  // namespace hydra_provisioner::providers::local
