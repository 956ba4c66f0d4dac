// The users as which builds run on local machines. Without users of its own, Nix builds as root: in the sandbox, too, a
// builder is then root for the kernel, and may write the settings below /proc/sys and the files that are mounted from
// this host.
//
// The users need no entries on this host: a machine's sessions see an /etc/passwd and an /etc/group of the machine.
// Each machine has uids that no other machine of this host has at the same time, whatever its tag, state directory and
// network namespace. So builds of two machines cannot disturb each other, and a process' uid tells its machine,
// whatever else a build changes about itself.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <sys/types.h>

#include "io/async/clock.hpp"
#include "io/async/task.hpp"
#include "model/config.hpp"
#include "model/error.hpp"
#include "providers/local/machine_folder.hpp"

namespace hydra_provisioner::providers::local {

// For all machines of this host: which uids they have, Nix' locks of uids, and the place where a session sees its
// machine's store.
inline constexpr const char* runtime_folder = "/run/hydra-provisioner";
inline constexpr const char* store_in_session = "/run/hydra-provisioner/store";

inline constexpr const char* build_group = "hydra-builds";

struct Uids {
  uid_t first = 0;
  uid_t count = 0;

  bool contains(uid_t uid) const { return uid >= first && uid - first < count; }
  friend bool operator==(const Uids&, const Uids&) = default;
};

enum class Builders : std::uint8_t {
  own_users,      // of the machine
  users_of_host,  // of the group nixbld, in this host's store
  trusted,        // as Nix' settings say, which may be root
};
Builders builders_of(const LocalSettings& settings, bool host_has_build_users);

// The uids that the machine has; none: it has never been started, or not since this host was booted.
Expected<std::optional<Uids>> uids_of(const MachineFolder& folder);

// Gives the machine as many uids as it may have builds at a time. It keeps those that it has if they still fit. A
// machine gives its uids back when its folder is removed.
io::Task<Expected<Uids>> claim_uids(MachineFolder folder, LocalSettings settings, uid_t count, io::Clock& clock);

// The files of a machine, as its sessions see them. The group is the same for all machines of a pool, because they may
// share this host's store, and Nix gives the store to the group.
std::string passwd_text(const Uids& uids, gid_t group);
std::string group_text(const Uids& uids, gid_t group);

// A script that runs its arguments as a command of the machine; it expects a mount namespace of its own.
struct SessionSettings {
  std::string mount;  // the program's full path
  bool own_store = true;
};
std::string session_text(const MachineFolder& folder, const SessionSettings& settings);

// Whether a session can really become each of these users, by trying it with the last one.
io::Task<Expected<void>> try_build_users(MachineFolder folder, Uids uids);

}  // namespace hydra_provisioner::providers::local
