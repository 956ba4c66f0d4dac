#include "providers/local/local_provider.hpp"

#include <filesystem>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "io/file/files.hpp"
#include "io/text/strings.hpp"
#include "model/machine.hpp"
#include "providers/keys.hpp"
#include "providers/local/builder.hpp"
#include "providers/local/gate.hpp"
#include "providers/local/launch.hpp"
#include "providers/local/processes.hpp"
#include "providers/local/requirements.hpp"
#include "providers/local/settings_files.hpp"
#include "providers/probes.hpp"

namespace hydra_provisioner::providers::local {
namespace {

namespace fs = std::filesystem;

// The paths of a machine occur in the settings of sshd and Nix, and in sshd's title. Other characters have a meaning
// there, or are changed.
Expected<void> check_path(const std::string& path) {
  constexpr std::size_t bytes_max = 800;
  if (path.size() > bytes_max)
    return failure(fmt::format("{}: longer than {} bytes; choose another --state-dir", path, bytes_max));
  if (io::is_alphanumeric(path, "/._+-")) return {};
  return failure(fmt::format(
      "{:?}: for local machines, a path may only have letters, digits and / . _ + -; choose another --state-dir",
      path));
}

struct Condition {
  InstanceState state = InstanceState::running;
  std::string why{};  // as Instance's
};

// While builds still run in its sessions, a machine without a listener is broken, but not gone.
Condition condition_without_listener(const MachineFolder& folder) {
  switch (remains_of(folder)) {
    case Remains::builds:
      return {InstanceState::incomplete, "its sshd is gone, builds still run"};
    case Remains::sessions:
      return {InstanceState::incomplete, "its sshd is gone, sessions with it are still open"};
    case Remains::nothing:
      break;
  }
  return {InstanceState::vanished};
}

Condition condition_of(const MachineFolder& folder, Power power, bool is_alive) {
  switch (power) {
    case Power::on:
      return is_alive ? Condition{InstanceState::running} : condition_without_listener(folder);
    case Power::off:
      return {is_alive ? InstanceState::running : InstanceState::stopped};
    case Power::booting:
      break;
  }
  return {InstanceState::incomplete, "its start was interrupted"};
}

Instance instance_of(const MachineId& machine, const MachineRecord& record, Condition condition) {
  return {.id = InstanceId(machine.text),
          .machine = machine,
          .pool = record.pool,
          .state = condition.state,
          .address = record.address,
          .host_key = record.host_key,
          .launched_at = record.launched_at,
          .spec_hash = record.specification,
          .why = std::move(condition.why),
          .made_as = machine};
}

Expected<Instance> look_at(const MachineFolder& folder, const MachineId& machine) {
  const auto record = read_record(folder);
  if (!record) return std::unexpected(record.error());
  const MachineRecord known = record->value_or(MachineRecord{});
  return instance_of(machine, known, condition_of(folder, known.power, is_listening(folder)));
}

}  // namespace

// A later run may spell the directory differently, and must still recognise the processes.
LocalProvider::LocalProvider(Tag tag, std::string state_dir, io::Clock& clock)
    : tag_(std::move(tag)), state_dir_(std::move(state_dir)), clock_(clock) {
  std::error_code error;
  const fs::path resolved = fs::weakly_canonical(fs::absolute(state_dir_, error), error);
  machines_dir_ = (error ? fs::path(state_dir_) : resolved) / "local";
}

io::Task<Expected<Inventory>> LocalProvider::list(ListRequest) {
  const auto names = io::names_in(machines_dir_);
  if (!names) co_return std::unexpected(names.error());
  Inventory inventory;
  for (const auto& name : *names) {
    const MachineId machine{name};
    if (!is_of(tag_, machine)) continue;
    auto instance = look_at(MachineFolder{machines_dir_ + "/" + name}, machine);
    if (!instance) co_return std::unexpected(instance.error());
    inventory.instances.push_back(std::move(*instance));
  }
  co_return inventory;
}

std::set<pid_t> LocalProvider::processes() const {
  std::set<pid_t> listeners;
  const auto names = io::names_in(machines_dir_);
  for (const std::string& name : names.value_or(std::vector<std::string>{})) {
    if (const auto listener = listener_of({machines_dir_ + "/" + name}); listener && is_of(tag_, MachineId{name}))
      listeners.insert(*listener);
  }
  return listeners;
}

io::Task<Expected<std::string>> LocalProvider::specification(PoolConfig pool) { co_return specification_of(pool); }

io::Task<Expected<Instance>> LocalProvider::create(MachineRef target, PoolConfig pool) {
  const auto folder = folder_of(target.machine);
  if (!folder) co_return std::unexpected(folder.error());
  co_return co_await bring_up(*folder, target.machine, pool);
}

io::Task<Expected<Instance>> LocalProvider::start(MachineRef target, PoolConfig pool) {
  const auto folder = folder_of(target.machine);
  if (!folder) co_return std::unexpected(folder.error());
  std::error_code error;
  if (!fs::exists(folder->path, error)) {
    co_return failure(fmt::format("there is no {}: the machine was destroyed", folder->path), ErrorKind::refused);
  }
  co_return co_await bring_up(*folder, target.machine, pool);
}

io::Task<Expected<Instance>> LocalProvider::bring_up(MachineFolder folder, MachineId machine, PoolConfig pool) {
  const auto before = read_record(folder);
  if (!before) co_return std::unexpected(before.error());
  if (*before && (*before)->power == Power::on && is_listening(folder))
    co_return instance_of(machine, **before, {InstanceState::running});
  if (auto able = co_await can_run(settings_of(pool)); !able) co_return std::unexpected(able.error());
  auto key = co_await login_key(pool);
  if (!key) co_return std::unexpected(key.error());
  if (auto made = io::make_folder(folder.path, 0700); !made) co_return std::unexpected(made.error());
  const auto record = co_await launch(folder, machine, pool, std::move(*key), clock_);
  if (!record) co_return std::unexpected(record.error());
  co_return instance_of(machine, *record, {InstanceState::running});
}

io::Task<Expected<void>> LocalProvider::stop(MachineRef target, PoolConfig) {
  const auto folder = folder_of(target.machine);
  if (!folder) co_return std::unexpected(folder.error());
  auto record = read_record(*folder);
  if (!record) co_return std::unexpected(record.error());
  if (*record) {
    (*record)->power = Power::off;
    if (auto written = write_record(*folder, **record); !written) co_return written;
  }
  auto ended = co_await end_processes(*folder, clock_);
  if (ended) unmount_gate(*folder);
  co_return ended;
}

io::Task<Expected<void>> LocalProvider::destroy(MachineRef target, PoolConfig) {
  const auto folder = folder_of(target.machine);
  if (!folder) co_return std::unexpected(folder.error());
  if (auto ended = co_await end_processes(*folder, clock_); !ended) co_return ended;
  unmount_gate(*folder);
  co_return io::remove_all(folder->path);
}

io::Task<Expected<void>> LocalProvider::ready(Instance instance, PoolConfig pool) {
  const auto folder = folder_of(instance.machine);
  if (!folder) co_return std::unexpected(folder.error());
  if (instance.address.empty()) co_return failure("it has no address yet");
  if (auto runs = expect_builder(*folder); !runs) co_return runs;
  auto greeted = co_await expect_serve_greeting({.user = pool.ssh_user,
                                                 .address = login_parts(instance.address).host,
                                                 .private_key = private_key(pool),
                                                 .known_hosts = folder->known_hosts()});
  if (!greeted) greeted.error().message += "; the machine's log: " + folder->sshd_log();
  co_return greeted;
}

// Without a login: its gate is a folder of this host.
io::Task<Expected<void>> LocalProvider::tell_builder(Instance instance, PoolConfig, BuilderOrder order) {
  const auto folder = folder_of(instance.machine);
  if (!folder) co_return std::unexpected(folder.error());
  switch (order) {
    case BuilderOrder::open:
      co_return open_gate(*folder);
    case BuilderOrder::close:
      co_return close_gate(*folder);
    case BuilderOrder::stop:
      break;
  }
  co_return Expected<void>{};  // it ends with the machine
}

// A wrong id must not make us remove or end something else.
Expected<MachineFolder> LocalProvider::folder_of(const MachineId& machine) const {
  if (!is_of(tag_, machine)) {
    return failure(fmt::format("{:?} is not a machine of the tag {:?}", machine.text, tag_.text));
  }
  MachineFolder folder{machines_dir_ + "/" + machine.text};
  if (auto possible = check_path(folder.path); !possible) return std::unexpected(possible.error());
  return folder;
}

std::string LocalProvider::private_key(const PoolConfig& pool) const {
  return pool.ssh_key.value_or(local_key_path(state_dir_, tag_));
}

io::Task<Expected<std::string>> LocalProvider::login_key(PoolConfig pool) {
  const std::string key = private_key(pool);
  if (!pool.ssh_key) {
    if (auto made = co_await ensure_shared_key_pair(key, clock_); !made) co_return std::unexpected(made.error());
  }
  co_return co_await public_half(key);
}

}  // namespace hydra_provisioner::providers::local
