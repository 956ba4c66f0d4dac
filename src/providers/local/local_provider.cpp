#include "providers/local/local_provider.hpp"

#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "io/file/files.hpp"
#include "providers/keys.hpp"
#include "providers/local/launch.hpp"
#include "providers/local/processes.hpp"
#include "providers/local/requirements.hpp"
#include "providers/local/sshd.hpp"

namespace hydra_provisioner::providers::local {
namespace {

namespace fs = std::filesystem;

// The paths of a machine stand in sshd's and Nix' settings and in sshd's title, where other characters mean something
// or change.
Expected<void> check_path(const std::string& path) {
  constexpr std::size_t bytes_max = 800;
  constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._+-";
  if (path.size() > bytes_max)
    return failure(fmt::format("{}: longer than {} bytes; choose another --state-dir", path, bytes_max));
  if (path.find_first_not_of(allowed) == std::string::npos) return {};
  return failure(fmt::format(
      "{:?}: for local machines a path may have letters, digits and / . _ + - only; choose another --state-dir", path));
}

// Its listener is dead. While builds still run in its sessions it is broken, but not gone.
InstanceState without_listener(const MachineFolder& folder) {
  return has_processes(folder) ? InstanceState::incomplete : InstanceState::vanished;
}

InstanceState state_of(const MachineFolder& folder, Power power, bool is_alive) {
  switch (power) {
    case Power::on:
      return is_alive ? InstanceState::running : without_listener(folder);
    case Power::off:
      return is_alive ? InstanceState::running : InstanceState::stopped;
    case Power::booting:
      break;
  }
  return InstanceState::incomplete;
}

Instance instance_of(const MachineId& machine, const MachineRecord& record, InstanceState state) {
  return {.id = InstanceId(machine.text),
          .machine = machine,
          .pool = record.pool,
          .state = state,
          .address = record.address,
          .host_key = record.host_key,
          .launched_at = record.launched_at,
          .spec_hash = record.specification};
}

Expected<Instance> look_at(const MachineFolder& folder, const MachineId& machine) {
  const auto record = read_record(folder);
  if (!record) return std::unexpected(record.error());
  const MachineRecord known = record->value_or(MachineRecord{});
  return instance_of(machine, known, state_of(folder, known.power, is_listening(folder)));
}

Expected<std::vector<std::string>> folder_names(const std::string& path) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(path, error), end; !error && entry != end; entry.increment(error)) {
    names.push_back(entry->path().filename());
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    return failure(fmt::format("cannot list {}: {}", path, error.message()));
  }
  return names;
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
  const auto names = folder_names(machines_dir_);
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
    co_return instance_of(machine, **before, InstanceState::running);
  if (auto able = co_await can_run(settings_of(pool)); !able) co_return std::unexpected(able.error());
  auto key = co_await login_key(pool);
  if (!key) co_return std::unexpected(key.error());
  if (auto made = io::make_folder(folder.path, 0700); !made) co_return std::unexpected(made.error());
  const auto record = co_await launch(folder, machine, pool, std::move(*key), clock_);
  if (!record) co_return std::unexpected(record.error());
  co_return instance_of(machine, *record, InstanceState::running);
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
  co_return co_await end_processes(*folder, clock_);
}

io::Task<Expected<void>> LocalProvider::destroy(MachineRef target, PoolConfig) {
  const auto folder = folder_of(target.machine);
  if (!folder) co_return std::unexpected(folder.error());
  if (auto ended = co_await end_processes(*folder, clock_); !ended) co_return ended;
  co_return io::remove_all(folder->path);
}

io::Task<Expected<void>> LocalProvider::ready(Instance instance, PoolConfig pool) {
  const auto folder = folder_of(instance.machine);
  if (!folder) co_return std::unexpected(folder.error());
  if (instance.address.empty()) co_return failure("it has no address yet");
  co_return co_await greet(*folder, instance.address, private_key(pool));
}

// A wrong id must not make us remove or end anything else.
Expected<MachineFolder> LocalProvider::folder_of(const MachineId& machine) const {
  if (!is_of(tag_, machine)) {
    return failure(fmt::format("{:?} is no machine of the tag {:?}", machine.text, tag_.text));
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
