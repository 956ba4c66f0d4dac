// A local machine is a folder, STATE_DIR/local/MACHINE_ID/, and the processes that belong to it. When both are removed,
// the machine is gone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "model/enum_names.hpp"
#include "model/error.hpp"
#include "model/names.hpp"
#include "model/time.hpp"

namespace hydra_provisioner::providers::local {

struct MachineFolder {
  std::string path;  // absolute and without symbolic links, because processes are recognised by it

  std::string record() const { return path + "/instance.json"; }
  std::string host_key() const { return path + "/host_key"; }  // its public half: the same with .pub
  std::string authorized_keys() const { return path + "/authorized_keys"; }
  std::string known_hosts() const { return path + "/known_hosts"; }  // the host key that clients accept
  std::string sshd_config() const { return path + "/sshd_config"; }
  std::string sshd_pid() const { return path + "/sshd.pid"; }
  std::string sshd_log() const { return path + "/sshd.log"; }
  std::string nix_conf() const { return path + "/nix.conf"; }
  std::string passwd() const { return path + "/passwd"; }    // the users that its sessions see,
  std::string group() const { return path + "/group"; }      // their groups,
  std::string session() const { return path + "/session"; }  // and the script that shows them these files
  std::string builder_log() const { return path + "/builder.log"; }
  std::string builder_end() const { return path + "/builder.end"; }  // the exit status of one that has ended
  std::string gate() const { return path + "/gate"; }
  std::string gate_file() const { return gate() + "/closed"; }
  std::string store() const { return path + "/store"; }
  std::string temporary() const { return path + "/tmp"; }                 // of its builds, up to Nix 2.29
  std::string builds() const { return store() + "/nix/var/nix/builds"; }  // the same of later versions
};

// The last intention. Its processes show whether the machine really runs.
enum class Power : std::uint8_t {
  booting,  // being created or started, or such an operation was interrupted
  on,
  off,
};

// The content of instance.json.
struct MachineRecord {
  PoolName pool;
  Power power = Power::booting;
  std::string address;   // empty before the first start
  std::string host_key;  // `TYPE KEY`; empty before it is made
  std::optional<Instant> launched_at;
  std::string specification{};  // specification_of() its pool when it was launched; empty: not known
};

// No value: there is no folder, or the creation of its machine was interrupted before the record was written.
Expected<std::optional<MachineRecord>> read_record(const MachineFolder& folder);
Expected<void> write_record(const MachineFolder& folder, const MachineRecord& record);

}  // namespace hydra_provisioner::providers::local

template <>
inline constexpr auto hydra_provisioner::names_of<hydra_provisioner::providers::local::Power> =
    hydra_provisioner::enum_names("booting", "on", "off");
