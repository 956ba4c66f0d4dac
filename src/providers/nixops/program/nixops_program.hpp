// The nixops program, 1.7 or 2.x: how it is called.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "io/async/clock.hpp"
#include "io/async/task.hpp"
#include "io/file/descriptor.hpp"
#include "io/file/files.hpp"
#include "io/process/subprocess.hpp"
#include "model/enum_names.hpp"
#include "model/error.hpp"
#include "model/time.hpp"

namespace hydra_provisioner::providers::nixops {

enum class NixopsVersion : std::uint8_t { one, two };

}  // namespace hydra_provisioner::providers::nixops

namespace hydra_provisioner {

template <>
inline constexpr auto names_of<providers::nixops::NixopsVersion> = enum_names("1", "2");

}  // namespace hydra_provisioner

namespace hydra_provisioner::providers::nixops {

struct NixopsCall {
  std::vector<std::string> arguments;  // the command comes first
  Seconds deadline{60};
  std::string log_file{};                // for NixOps' output
  bool makes_requests = false;           // NixOps may repeat requests for machines for ever: see ec2_errors.hpp
  bool connects_once = false;            // it is ended where NixOps would try to connect again, for half a minute
  bool may_outlive_us = false;           // it continues when our job is killed
  bool is_output_secret = false;         // stdout is not logged: `export` prints private keys
  std::vector<std::string> nix_path{};   // goes before the environment's
  std::optional<std::string> network{};  // nixops.nix for NixOps 2; none: management_network()
};

// Every call ends at its deadline, with all processes that it started. It has a folder of its own for temporary files,
// which is removed afterwards, because NixOps puts private keys and ssh's sockets there. Its standard input is empty.
class NixopsProgram {
 public:
  // The folder `memory` keeps the version for later processes; empty: nothing is kept.
  explicit NixopsProgram(std::string memory = {}) : memory_(std::move(memory)) {}

  // A program is asked once, until another one is in its place. A child process of ours gets the answer in its
  // environment.
  io::Task<Expected<NixopsVersion>> version();

  // With any exit status.
  io::Task<Expected<io::Finished>> run(NixopsCall call);

  // A status other than 0 is an error: `nixops deploy failed: CAUSE`.
  io::Task<Expected<io::Finished>> run_successfully(NixopsCall call);

  // The version, if it is known, for our child processes.
  std::vector<std::string> environment_of_children() const;

 private:
  std::string memory_;
  std::optional<NixopsVersion> version_;
};

// The error of a call that failed.
Error failed(const std::string& command, const io::Finished& finished);

// Changes whenever NixOps records something: while it stays the same, NixOps would export the same. Empty: there is no
// state file, or it changed so recently that another change might look the same.
std::string fingerprint_of_state();

// NixOps does not set up its state file in one piece: of two calls that are the first to use it, one may fail. So this
// is held while the state file may be set up, by one process of this host at a time: a lock on the folder that it is
// in, or in which NixOps will make that folder. Nothing is held once the file has been there for a minute; it fails
// after as long.
io::Task<Expected<io::Descriptor>> lock_first_use(io::Clock& clock);

}  // namespace hydra_provisioner::providers::nixops
