// What there is of a local machine: the folder STATE_DIR/local/MACHINE_ID/, and processes that can be told by it.
// Whoever removes both has removed the machine.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "model/error.hpp"
#include "model/names.hpp"
#include "model/time.hpp"

namespace hydra_provisioner::providers::local {

struct MachineFolder {
  std::string path;  // absolute and without symbolic links: processes are compared with it

  std::string record() const { return path + "/instance.json"; }
  std::string host_key() const { return path + "/host_key"; }  // its public half: the same with .pub
  std::string authorized_keys() const { return path + "/authorized_keys"; }
  std::string known_hosts() const { return path + "/known_hosts"; }  // what a client may expect here
  std::string sshd_config() const { return path + "/sshd_config"; }
  std::string sshd_pid() const { return path + "/sshd.pid"; }
  std::string sshd_log() const { return path + "/sshd.log"; }
  std::string nix_conf() const { return path + "/nix.conf"; }
  std::string store() const { return path + "/store"; }
  std::string temporary() const { return path + "/tmp"; }  // where its builds happen
};

// What was last intended. Whether the machine lives is for its processes to say.
enum class Power : std::uint8_t {
  booting,  // being created or started, or that was interrupted
  on,
  off,
};

// The content of instance.json.
struct MachineRecord {
  PoolName pool;
  Power power = Power::booting;
  std::string address;   // empty until it first listened
  std::string host_key;  // `TYPE KEY`; empty until there is one
  std::optional<Instant> launched_at;
  std::string specification{};  // specification_of() its pool when it was launched; empty: not known
};

// No value: there is no folder, or its machine's creation was interrupted before anything was written down.
Expected<std::optional<MachineRecord>> read_record(const MachineFolder& folder);
Expected<void> write_record(const MachineFolder& folder, const MachineRecord& record);

}  // namespace hydra_provisioner::providers::local
