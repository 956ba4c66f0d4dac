// The nixops program, 1.7 or 2.x: how it is called, whatever for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "io/async/task.hpp"
#include "io/process/subprocess.hpp"
#include "model/error.hpp"
#include "model/time.hpp"

namespace hydra_provisioner::providers::nixops {

enum class NixopsVersion : std::uint8_t { one, two };

struct NixopsCall {
  std::vector<std::string> arguments;  // the command comes first
  Seconds deadline{60};
  std::string log_file{};                // where what it says goes
  bool makes_requests = false;           // for machines, which NixOps may repeat for ever: see ec2_errors.hpp
  bool may_outlive_us = false;           // a job of ours that is killed shall not break it off
  bool is_output_secret = false;         // stdout is not logged: `export` prints private keys
  std::vector<std::string> nix_path{};   // goes before the environment's
  std::optional<std::string> network{};  // nixops.nix for NixOps 2; none: one for all commands but deploying
};

// Every call ends at its deadline, with all that it started, and leaves nothing behind: it has a folder for temporary
// files of its own, since NixOps puts private keys and ssh's sockets there. Nothing can be typed into it.
class NixopsProgram {
 public:
  // Asked once, and not at all when our parent has told us.
  io::Task<Expected<NixopsVersion>> version();

  // However it ends.
  io::Task<Expected<io::Finished>> run(NixopsCall call);

  // A status other than 0 is an error: `nixops deploy failed: CAUSE`.
  io::Task<Expected<io::Finished>> run_successfully(NixopsCall call);

  // For NixopsPrograms of child processes: the version, if it is known.
  std::vector<std::string> environment_of_children() const;

 private:
  std::optional<NixopsVersion> version_;
};

// What is to be said of a call that failed.
Error failed(const std::string& command, const io::Finished& finished);

}  // namespace hydra_provisioner::providers::nixops
