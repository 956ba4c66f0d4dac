#include "providers/local/settings_files.hpp"

#include <set>
#include <string_view>
#include <variant>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "providers/local/build_users.hpp"
#include "providers/local/processes.hpp"

namespace hydra_provisioner::providers::local {
namespace {

// The environment from root's shell, PAM and the client is dropped: a NIX_REMOTE or NIX_CONFIG would change where and
// how the machine builds. Nix' settings are in a file, because a setting of sshd cannot have several lines.
std::string forced_command(const MachineFolder& folder, const SshdSettings& settings) {
  std::string command =
      fmt::format("exec env -i {}={} PATH=/usr/bin:/bin NIX_CONF_DIR={} NIX_USER_CONF_FILES=/dev/null",
                  machine_variable, folder.path, folder.path);
  // Builds happen in the machine's folder, and are removed with it. With this host's store that is impossible, because
  // its build users may not enter the folder.
  if (settings.own_store) command += fmt::format(" TMPDIR={}", folder.temporary());
  const bool has_own_users = !settings.unshare.empty();
  if (has_own_users) {
    // Nix' locks of uids then leave no trace in this host's store.
    if (settings.own_store) command += fmt::format(" NIX_STATE_DIR={}", runtime_folder);
    command += fmt::format(" {} --mount /bin/sh -e {}", settings.unshare, folder.session());
  }
  command += fmt::format(" {} --serve --write", settings.nix_store);
  if (settings.own_store) command += fmt::format(" --store {}", has_own_users ? store_in_session : folder.store());
  return command;
}

constexpr std::string_view made_by = "# Written by hydra-provisioner each time the machine starts.\n";

// The machine's own store is a directory on this host; only in the sandbox it is /nix/store. With the fallback, a build
// would write to this host's /nix/store, and then fail.
constexpr std::string_view own_store_settings = R"(sandbox = true
sandbox-fallback = false
sandbox-paths = /bin/sh=/bin/busybox
substituters =
)";

// First defaults for this host, then its own settings; what a machine must have follows and overrides them.
std::string host_store_settings(const HostNix& host) {
  std::string lines;
  if (!host.has_build_users) lines += "build-users-group =\n";
  if (host.has_busybox) lines += "sandbox-paths = /bin/sh=/bin/busybox\n";
  return lines + "!include /etc/nix/nix.conf\n";
}

// Empty: builds run as root.
std::string_view build_users_group(Builders builders) {
  switch (builders) {
    case Builders::own_users:
      return build_group;
    case Builders::users_of_host:
      return "nixbld";
    case Builders::trusted:
      break;
  }
  return "";
}

// Nix takes builds that require one of these features only with its experimental feature.
std::string experimental_features(const std::set<std::string>& features) {
  std::string names;
  if (features.contains("ca-derivations")) names += " ca-derivations";
  if (features.contains("recursive-nix")) names += " recursive-nix";
  if (features.contains("uid-range")) names += " auto-allocate-uids cgroups";
  return names.empty() ? "" : fmt::format("extra-experimental-features ={}\n", names);
}

}  // namespace

LocalSettings settings_of(const PoolConfig& pool) {
  const auto* settings = std::get_if<LocalSettings>(&pool.provider);
  return settings != nullptr ? *settings : LocalSettings{};
}

// prohibit-password, because forced-commands-only considers only commands in authorized_keys, not ForceCommand.
std::string sshd_config_text(const MachineFolder& folder, const SshdSettings& settings) {
  std::string text(made_by);
  text += fmt::format("ListenAddress {}:22\n", settings.address);
  text += fmt::format("HostKey {}\n", folder.host_key());
  text += fmt::format("PidFile {}\n", folder.sshd_pid());
  text += fmt::format("AuthorizedKeysFile {}\n", folder.authorized_keys());
  text += fmt::format("UsePAM {}\n", settings.uses_pam ? "yes" : "no");
  text += R"(AuthenticationMethods publickey
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
StrictModes no
UseDNS no
PermitTTY no
DisableForwarding yes
PermitUserRC no
PermitUserEnvironment no
MaxStartups 1000
MaxSessions 1000
LogLevel INFO
)";
  // Root's shell runs the command. It would read root's start-up files: output of these would break the protocol, and
  // slow ones would delay every step.
  text += fmt::format("SetEnv HOME={}\n", folder.path);
  text += fmt::format("ForceCommand {}\n", forced_command(folder, settings));
  return text;
}

std::string nix_conf_text(const PoolConfig& pool, const HostNix& host) {
  const LocalSettings local = settings_of(pool);
  const Builders builders = builders_of(local, host.has_build_users);
  std::string text(made_by);
  text += local.own_store ? std::string(own_store_settings) : host_store_settings(host);
  // Whether builds of the host's store are trusted is for the host to say.
  if (local.own_store || builders != Builders::trusted)
    text += fmt::format("build-users-group = {}\n", build_users_group(builders));
  text += "builders =\n";  // a machine hands no builds on
  text += fmt::format("system-features = {}\n", fmt::join(pool.type.supported_features, " "));
  text += experimental_features(pool.type.supported_features);
  text += fmt::format("extra-platforms = {}\n", fmt::join(pool.type.systems, " "));
  text += fmt::format("max-jobs = {}\n", pool.max_jobs);
  return text;
}

}  // namespace hydra_provisioner::providers::local
