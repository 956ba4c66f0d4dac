// What is done to one deployment, or asked about it: a NixOps command each, its outcome checked. Deployments are named
// by their full UUIDs, because names are not unique.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "io/async/clock.hpp"
#include "io/async/task.hpp"
#include "model/config.hpp"
#include "model/error.hpp"
#include "model/names.hpp"
#include "providers/nixops/deployments.hpp"
#include "providers/nixops/program.hpp"
#include "providers/provider.hpp"

namespace hydra_provisioner::providers::nixops {

// What NixOps makes a machine from.
struct NixopsSpecification {
  NixopsSettings settings;
  std::string type;
  Tag tag;
  std::string own_modules;  // the folder that `<hydra-provisioner/…>` names
};

class DeploymentCalls {
 public:
  // `log_file` gets what NixOps says.
  DeploymentCalls(NixopsProgram& program, std::string log_file);

  // All there are, of whatever tag. Those of `known` that NixOps leaves out because it lacks a plugin are an error.
  io::Task<Expected<std::vector<Deployment>>> export_all(std::set<InstanceId> known);
  io::Task<Expected<std::optional<Deployment>>> export_one(std::string uuid);  // no value: there is none

  // Its UUID. What a failure leaves behind is removed.
  io::Task<Expected<std::string>> create(std::string name, NixopsSpecification specification);
  // Its arguments, and what else NixOps has stored of the specification, where that differs.
  io::Task<Expected<void>> update(Deployment deployment, NixopsSpecification specification);
  io::Task<Expected<void>> deploy(std::string uuid, NixopsSpecification specification, Seconds deadline);

  io::Task<Expected<void>> start(std::string uuid, Seconds deadline);
  io::Task<Expected<void>> stop(std::string uuid);               // ErrorKind::refused: this target cannot
  io::Task<Expected<void>> destroy_resources(std::string uuid);  // all of them: it succeeds when none is left
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

// The UUIDs of `created deployment ‘UUID’`, which `nixops create` says first of all.
std::vector<std::string> created_deployments(std::string_view text);

}  // namespace hydra_provisioner::providers::nixops
