#include "providers/local/settings_files.hpp"

#include <set>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

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
  command += fmt::format(" {} --serve --write", settings.nix_store);
  if (settings.own_store) command += fmt::format(" --store {}", folder.store());
  return command;
}

constexpr std::string_view made_by = "# Written by hydra-provisioner each time the machine starts.\n";

// The machine's own store is a directory on this host; only in the sandbox it is /nix/store. With the fallback, a build
// would write to this host's /nix/store, and then fail.
constexpr std::string_view own_store_settings = R"(sandbox = true
sandbox-fallback = false
sandbox-paths = /bin/sh=/bin/busybox
build-users-group =
substituters =
)";

// First defaults for this host, then its own settings; what a machine must have follows and overrides them.
std::string host_store_settings(const HostNix& host) {
  std::string lines;
  if (!host.has_build_users) lines += "build-users-group =\n";
  if (host.has_busybox) lines += "sandbox-paths = /bin/sh=/bin/busybox\n";
  return lines + "!include /etc/nix/nix.conf\n";
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
  const auto* local = std::get_if<LocalSettings>(&pool.provider);
  std::string text(made_by);
  text += local != nullptr && !local->own_store ? host_store_settings(host) : std::string(own_store_settings);
  text += "builders =\n";  // a machine hands no builds on
  text += fmt::format("system-features = {}\n", fmt::join(pool.type.features, " "));
  text += experimental_features(pool.type.features);
  text += fmt::format("extra-platforms = {}\n", fmt::join(pool.type.systems, " "));
  text += fmt::format("max-jobs = {}\n", pool.max_jobs);
  return text;
}

}  // namespace hydra_provisioner::providers::local
