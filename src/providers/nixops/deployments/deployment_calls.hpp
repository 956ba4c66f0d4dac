// The commands of NixOps for one deployment, with a check of each result. Deployments are named by their full UUIDs,
// because names are not unique.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "io/async/clock.hpp"
#include "io/async/task.hpp"
#include "model/error.hpp"
#include "model/names.hpp"
#include "providers/nixops/deployments/deployment.hpp"
#include "providers/nixops/program/nixops_program.hpp"
#include "providers/nixops/specification/nixops_specification.hpp"
#include "providers/provider.hpp"

namespace hydra_provisioner::providers::nixops {

class DeploymentCalls {
 public:
  // NixOps' output goes to `log_file`.
  DeploymentCalls(NixopsProgram& program, std::string log_file);

  // All deployments, of any tag. It is an error if NixOps leaves out one of `known` because a plugin is missing.
  io::Task<Expected<std::vector<Deployment>>> export_all(std::set<InstanceId> known);
  io::Task<Expected<std::optional<Deployment>>> export_one(std::string uuid);  // no value: there is none

  // Returns its UUID. After a failure, a half-made deployment is removed.
  io::Task<Expected<std::string>> create(std::string name, NixopsSpecification specification);
  // Changes the arguments, expression and nixPath that NixOps has stored, where they differ.
  io::Task<Expected<void>> update(Deployment deployment, NixopsSpecification specification, Owner owner);
  // ErrorKind::untouched: it failed before it came to the machine; refused: the machine would have to reboot.
  io::Task<Expected<void>> deploy(std::string uuid, NixopsSpecification specification, Seconds deadline);

  io::Task<Expected<void>> start(std::string uuid, Seconds deadline);
  io::Task<Expected<void>> stop(std::string uuid);               // ErrorKind::refused: this target cannot be stopped
  io::Task<Expected<void>> destroy_resources(std::string uuid);  // success means that no resource is left
  io::Task<Expected<void>> remove(std::string uuid);             // only without resources

  io::Task<Expected<Condition>> check(std::string uuid);
  io::Task<Expected<void>> touch_keep_alive(std::string uuid);

 private:
  NixopsCall call(std::vector<std::string> arguments, Seconds deadline = Seconds{60}) const;
  NixopsCall call(std::vector<std::string> arguments, const NixopsSpecification& specification, Seconds deadline) const;
  io::Task<Expected<std::vector<Deployment>>> exported(NixopsCall call, std::set<InstanceId> known);
  io::Task<Expected<void>> carry_out(NixopsCall call);
  io::Task<void> remove_if_empty(std::string uuid);

  NixopsProgram& program_;
  std::string log_file_;
};

// What `nixops check -d UUID` found.
// It is read from the row of `machine` in the table on stdout. The exit status alone does not tell: a vanished EC2
// instance gives 0, and 1 is also what NixOps exits with when it fails. Full disks and failed units (8, 16) are fine.
Expected<Condition> condition_of(int exit_status, std::string_view output);

// The UUIDs of `created deployment ‘UUID’`, the first words of `nixops create`.
std::vector<std::string> created_deployments(std::string_view text);

}  // namespace hydra_provisioner::providers::nixops
