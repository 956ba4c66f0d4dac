// The contents of a machine's sshd_config and nix.conf.
#pragma once

#include <string>

#include "model/config.hpp"
#include "providers/local/machine_folder.hpp"

namespace hydra_provisioner::providers::local {

LocalSettings settings_of(const PoolConfig& pool);

struct SshdSettings {
  std::string address;
  std::string nix_store;  // the program's full path
  bool own_store = true;  // otherwise this host's
  bool uses_pam = false;
  std::string unshare{};  // the program's full path, if builds run as users of the machine; empty: they do not
};
std::string sshd_config_text(const MachineFolder& folder, const SshdSettings& settings);

// What matters of this host to a machine that uses this host's store.
struct HostNix {
  bool has_build_users = false;  // the group nixbld exists
  bool has_busybox = false;      // a static one, which works in a sandbox
};
std::string nix_conf_text(const PoolConfig& pool, const HostNix& host);

}  // namespace hydra_provisioner::providers::local
