#include "providers/nixops/nixops_provider.hpp"

#include <algorithm>
#include <filesystem>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "io/file/files.hpp"
#include "io/process/private_folder.hpp"
#include "providers/nixops/deployments/instances.hpp"
#include "providers/nixops/specification/nixops_specification.hpp"

namespace hydra_provisioner::providers::nixops {
namespace {

constexpr std::size_t log_bytes_max = std::size_t{64} << 20;

constexpr Seconds export_is_good_for{300};

// In which a machine's log tells of its creation.
constexpr std::size_t beginning_bytes = std::size_t{64} << 10;

std::string beginning_of(const std::string& log) {
  const auto file = io::open_file(log);
  return file && *file ? io::read_some(**file, beginning_bytes).value_or("") : "";
}

// Or the machine never existed, and there is only a record of it.
bool has_vanished(const Deployment& deployment) {
  return deployment.resources.contains("machine") && instance_of(deployment).state == InstanceState::vanished;
}

// Of its deployment.
const std::string& name_of(const MachineRef& target) {
  return target.noted_as.text.empty() ? target.machine.text : target.noted_as.text;
}

// If several deployments have the name, one that has a machine; but none of another installation.
const Deployment* of_name(const std::vector<Deployment>& deployments, const Tag& tag, const MachineRef& target) {
  const Deployment* found = nullptr;
  for (const Deployment& deployment : deployments) {
    if (deployment.name != name_of(target) || !belongs_to(tag, deployment)) continue;
    const Owner owner = instance_of(deployment).owner;
    if (!owner.text.empty() && owner != target.owner) continue;
    if (found == nullptr || (found->resources.empty() && !deployment.resources.empty())) found = &deployment;
  }
  return found;
}

bool is_empty_and_nameless(const Deployment& deployment) {
  return deployment.name.empty() && !deployment.has_arguments && deployment.resources.empty();
}

// What a failed redeploy has left behind. Whether the machine works is not known where the check fails, too: then it is
// what it was before, if the deploy has not come as far as the machine.
ErrorKind after_redeploy(const Error& deploy, const Expected<Condition>& found, const Deployment& before) {
  if (!found) return deploy.kind == ErrorKind::untouched ? ErrorKind::untouched : ErrorKind::unfinished;
  if (*found != Condition::fine || has_temporary_key(before)) return ErrorKind::unfinished;
  return deploy.kind == ErrorKind::refused ? ErrorKind::refused : ErrorKind::still_works;
}

// This leaves time to find out the result and to report it.
Seconds deploy_deadline(const PoolConfig& pool) {
  return pool.boot_timeout - std::min(pool.boot_timeout / 5, Seconds{120});
}

}  // namespace

NixopsProvider::NixopsProvider(Tag tag, const std::string& state_dir, Expected<std::string> own_modules,
                               io::Clock& clock)
    : tag_(std::move(tag)),
      logs_dir_(state_dir + "/logs"),
      memory_dir_(state_dir + "/nixops"),
      own_modules_(std::move(own_modules)),
      clock_(clock),
      program_(memory_dir_) {}

io::Task<Expected<Inventory>> NixopsProvider::list(ListRequest request) {
  io::sweep_private_folders("nixops");
  const auto lock = co_await lock_first_use(clock_);
  if (!lock) co_return std::unexpected(lock.error());
  const auto deployments = co_await all_deployments(request.known);
  if (!deployments) co_return std::unexpected(deployments.error());
  Inventory inventory;
  for (const Deployment& deployment : *deployments) {
    if (!belongs_to(tag_, deployment)) continue;
    Instance instance = instance_of(deployment);
    if (deployment.trouble.empty()) {
      inventory.instances.push_back(std::move(instance));
    } else {
      inventory.unclear.push_back({std::move(instance), deployment.trouble});
    }
  }
  std::vector<Instance*> unknown;
  for (Instance& instance : inventory.instances) {
    if (!request.known.contains(instance.id)) unknown.push_back(&instance);
  }
  note_creators(unknown);
  co_return inventory;
}

// Each call of NixOps takes half a second of processor time, and a daemon asks every few seconds. What the state file
// does not show, such as plugins that are removed, is noticed after a while.
io::Task<Expected<std::vector<Deployment>>> NixopsProvider::all_deployments(std::set<InstanceId> known) {
  std::string state = fingerprint_of_state();
  const bool is_current = exported_ && exported_->state == state && clock_.now() - exported_->at < export_is_good_for;
  if (is_current) co_return exported_->deployments;
  exported_.reset();
  auto deployments = co_await calls(tag_.text + ".nixops").export_all(std::move(known));
  if (deployments && !state.empty()) exported_ = {std::move(state), clock_.now(), *deployments};
  co_return deployments;
}

// The specification's hash is taken before the deploy: a change during the deploy makes the machine outdated. Nothing
// up to the deploy touches a machine that exists.
io::Task<Expected<Instance>> NixopsProvider::create(MachineRef target, PoolConfig pool) {
  const auto in_vain = [&](const Error& error) {
    return failure(error.message, target.must_exist ? ErrorKind::untouched : error.kind);
  };
  const auto recipe = co_await recipe_for(pool);
  if (!recipe) co_return in_vain(recipe.error());
  const NixopsSpecification specification = specification_for(target, pool, *recipe);
  auto deployment = co_await find_or_create(target, specification);
  if (!deployment) co_return in_vain(deployment.error());
  if (target.must_exist && has_vanished(*deployment)) co_return failure("it has vanished");
  if (has_vanished(*deployment) || is_interrupted_creation(*deployment)) {
    const auto removed = co_await calls(target.machine.text).destroy_resources(deployment->uuid);
    if (!removed) co_return std::unexpected(removed.error());
  }
  const Seconds deadline = deploy_deadline(pool);
  co_return co_await deploy(target, *std::move(deployment), specification, recipe->hash, deadline);
}

io::Task<Expected<Instance>> NixopsProvider::start(MachineRef target, PoolConfig pool) {
  const auto recipe = co_await recipe_for(pool);
  if (!recipe) co_return failure(recipe.error().message, ErrorKind::unfinished);
  auto deployment = co_await find(target);
  if (!deployment) co_return std::unexpected(deployment.error());
  if (!*deployment) co_return failure("its deployment is gone", ErrorKind::refused);
  const Seconds deadline = deploy_deadline(pool) / 2;
  const auto started = co_await calls(target.machine.text).start((*deployment)->uuid, deadline);
  if (!started) co_return failure(started.error().message, ErrorKind::unfinished);
  co_return co_await deploy(target, **std::move(deployment), specification_for(target, pool, *recipe), recipe->hash,
                            deadline);
}

io::Task<Expected<Instance>> NixopsProvider::deploy(MachineRef target, Deployment deployment,
                                                    NixopsSpecification specification, std::string spec_hash,
                                                    Seconds deadline) {
  DeploymentCalls to_machine = calls(target.machine.text);
  const bool was_there = deployment.resources.contains("machine");
  if (auto updated = co_await to_machine.update(deployment, specification, target.owner); !updated) {
    const ErrorKind kind = was_there ? ErrorKind::unfinished : updated.error().kind;
    co_return failure(updated.error().message, target.must_exist ? ErrorKind::untouched : kind);
  }
  const auto deployed = co_await to_machine.deploy(deployment.uuid, specification, deadline);
  // If the deploy failed because the machine went away, NixOps does not record that. After a check it does.
  Expected<Condition> found = failure("not checked");
  if (!deployed && (target.must_exist || deployed.error().kind != ErrorKind::timed_out))
    found = co_await to_machine.check(deployment.uuid);
  if (!deployed && target.must_exist)
    co_return failure(deployed.error().message, after_redeploy(deployed.error(), found, deployment));
  const auto after = co_await to_machine.export_one(deployment.uuid);
  if (!after) co_return failure(after.error().message, ErrorKind::unfinished);
  if (!*after) co_return failure("its deployment is gone");
  Instance instance = instance_of(**after);
  const bool is_there = instance.state != InstanceState::incomplete && instance.state != InstanceState::vanished;
  if (!deployed) co_return failure(deployed.error().message, is_there ? ErrorKind::unfinished : ErrorKind::failed);
  if (instance.state != InstanceState::unproven)
    co_return failure("nixops deploy exited with 0, but the machine is not up", ErrorKind::unfinished);
  instance.state = InstanceState::running;
  instance.spec_hash = std::move(spec_hash);
  co_return instance;
}

io::Task<Expected<void>> NixopsProvider::stop(MachineRef target, PoolConfig) {
  const auto deployment = co_await find(target);
  if (!deployment) co_return std::unexpected(deployment.error());
  if (!*deployment) co_return failure("its deployment is gone");
  co_return co_await calls(target.machine.text).stop((*deployment)->uuid);
}

io::Task<Expected<void>> NixopsProvider::destroy(MachineRef target, PoolConfig) {
  DeploymentCalls to_machine = calls(target.machine.text);
  const auto deployment = co_await find(target);
  if (!deployment) co_return std::unexpected(deployment.error());
  if (!*deployment) co_return Expected<void>{};
  const std::string uuid = (*deployment)->uuid;
  if (!(*deployment)->resources.empty()) {
    if (auto destroyed = co_await to_machine.destroy_resources(uuid); !destroyed) co_return destroyed;
  }
  if (auto removed = co_await to_machine.remove(uuid); !removed) co_return removed;
  const auto after = co_await to_machine.export_one(uuid);
  if (!after) co_return std::unexpected(after.error());
  if (*after) co_return failure(fmt::format("nixops delete exited with 0, but there is still deployment {}", uuid));
  co_return Expected<void>{};
}

io::Task<Expected<void>> NixopsProvider::ready(Instance instance, PoolConfig) {
  if (instance.spec_hash.empty()) co_return failure("not deployed yet");
  co_return Expected<void>{};
}

io::Task<Expected<void>> NixopsProvider::keep_alive(MachineRef target, PoolConfig) {
  co_return co_await calls(target.machine.text).touch_keep_alive(target.instance.text);
}

io::Task<Expected<Condition>> NixopsProvider::check(MachineRef target, PoolConfig) {
  co_return co_await calls(target.machine.text).check(target.instance.text);
}

// A keep-alive is a check, too.
Seconds NixopsProvider::check_interval() const { return NixopsSettings{}.keep_alive_interval; }

io::Task<Expected<std::string>> NixopsProvider::specification(PoolConfig pool) {
  const auto recipe = co_await recipe_for(std::move(pool));
  if (!recipe) co_return std::unexpected(recipe.error());
  co_return recipe->hash;
}

io::Task<Expected<Recipe>> NixopsProvider::recipe_for(PoolConfig pool) {
  if (!own_modules_) co_return std::unexpected(own_modules_.error());
  co_return co_await recipe_of(specification_for(pool), memory_dir_);
}

DeploymentCalls NixopsProvider::calls(const std::string& log_name) {
  return {program_, fmt::format("{}/{}.log", logs_dir_, log_name)};
}

NixopsSpecification NixopsProvider::specification_for(const PoolConfig& pool) const {
  return {.settings = std::get<NixopsSettings>(pool.provider),
          .type = pool.name.text,
          .tag = tag_,
          .own_modules = *own_modules_};
}

NixopsSpecification NixopsProvider::specification_for(const MachineRef& target, const PoolConfig& pool,
                                                      const Recipe& recipe) const {
  NixopsSpecification specification = specification_for(pool);
  if (takes_slot(recipe)) specification.slot = target.slot;
  return specification;
}

// A deployment that is found by its UUID must be ours, too.
io::Task<Expected<std::optional<Deployment>>> NixopsProvider::find(MachineRef target) {
  DeploymentCalls to_machine = calls(target.machine.text);
  if (!target.instance.text.empty()) {
    auto deployment = co_await to_machine.export_one(target.instance.text);
    if (deployment && *deployment && !belongs_to(tag_, **deployment))
      co_return failure(fmt::format("deployment {} no longer has the tag {}", target.instance, tag_));
    co_return deployment;
  }
  const auto deployments = co_await to_machine.export_all({});
  if (!deployments) co_return std::unexpected(deployments.error());
  if (auto removed = co_await remove_abandoned(target.machine, *deployments); !removed)
    co_return std::unexpected(removed.error());
  const Deployment* found = of_name(*deployments, tag_, target);
  co_return found == nullptr ? std::nullopt : std::optional(*found);
}

io::Task<Expected<Deployment>> NixopsProvider::find_or_create(MachineRef target, NixopsSpecification specification) {
  if (!target.is_new) {
    auto found = co_await find(target);
    if (!found) co_return std::unexpected(found.error());
    if (*found) co_return **std::move(found);
    if (target.must_exist) co_return failure("its deployment is gone");
  }
  Deployment fresh;
  const auto uuid = co_await calls(target.machine.text).create(name_of(target), specification);
  if (!uuid) co_return std::unexpected(uuid.error());
  fresh.uuid = *uuid;
  fresh.name = name_of(target);
  fresh.expressions = {specification.settings.expression};
  fresh.nix_path = specification.settings.nix_path;
  co_return fresh;
}

// An earlier pass may have made them and lost its journal. Only the logs say for which machines: names are used again.
void NixopsProvider::note_creators(const std::vector<Instance*>& unknown) const {
  const auto logs = io::names_in(logs_dir_);
  if (!logs || unknown.empty()) return;
  for (const std::string& log : *logs) {
    const MachineId machine(std::filesystem::path(log).stem());
    if (!is_of(tag_, machine)) continue;
    const auto created = created_deployments(beginning_of(logs_dir_ + "/" + log));
    for (Instance* instance : unknown) {
      if (std::ranges::find(created, instance->id.text) != created.end()) instance->made_as = machine;
    }
  }
}

std::vector<std::string> NixopsProvider::created_by(const MachineId& machine) const {
  const auto log = io::read_file(fmt::format("{}/{}.log", logs_dir_, machine), log_bytes_max);
  return log && *log ? created_deployments(**log) : std::vector<std::string>{};
}

// NixOps first makes a deployment and then names it. One without a name is ours only if the machine's log says so.
io::Task<Expected<void>> NixopsProvider::remove_abandoned(MachineId machine, std::vector<Deployment> deployments) {
  const auto created = created_by(machine);
  for (const Deployment& deployment : deployments) {
    if (!is_empty_and_nameless(deployment) || std::ranges::find(created, deployment.uuid) == created.end()) continue;
    if (auto removed = co_await calls(machine.text).remove(deployment.uuid); !removed) co_return removed;
  }
  co_return Expected<void>{};
}

}  // namespace hydra_provisioner::providers::nixops
