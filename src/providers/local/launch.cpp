#include "providers/local/launch.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <set>
#include <utility>
#include <vector>

#include <sys/wait.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "io/file/files.hpp"
#include "io/process/detached.hpp"
#include "io/process/subprocess.hpp"
#include "providers/keys.hpp"
#include "providers/local/addresses.hpp"
#include "providers/local/build_users.hpp"
#include "providers/local/builder.hpp"
#include "providers/local/gate.hpp"
#include "providers/local/processes.hpp"
#include "providers/local/requirements.hpp"
#include "providers/local/settings_files.hpp"

namespace hydra_provisioner::providers::local {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds sshd_deadline = seconds{10};
constexpr milliseconds sshd_poll_interval{10};
constexpr std::size_t log_bytes_max = std::size_t{1} << 20;

enum class SshdStart : std::uint8_t {
  listening,
  address_taken,  // another process was faster
};

// The record of an earlier launch, with what this launch already knows.
io::Task<Expected<MachineRecord>> begin(MachineFolder folder, PoolConfig pool, io::Clock& clock) {
  const auto before = read_record(folder);
  if (!before) co_return std::unexpected(before.error());
  MachineRecord record = before->value_or(MachineRecord{});
  record.pool = pool.name;
  record.specification = specification_of(pool);
  record.power = Power::booting;
  record.launched_at.reset();
  if (auto written = write_record(folder, record); !written) co_return std::unexpected(written.error());
  if (auto ended = co_await end_processes(folder, clock); !ended) co_return std::unexpected(ended.error());
  unmount_gate(folder);
  co_return record;
}

// Builds that were ended have left their folders.
Expected<void> empty_temporary(const MachineFolder& folder) {
  for (const std::string& left : {folder.temporary(), folder.builds()}) {
    if (auto removed = io::remove_all(left); !removed) return removed;
  }
  return io::make_folder(folder.temporary(), 0700);
}

Expected<void> write_settings(const MachineFolder& folder, const PoolConfig& pool, const std::string& login_key) {
  if (auto written = io::replace_file(folder.authorized_keys(), login_key + "\n", 0600); !written) return written;
  const HostNix host{.has_build_users = has_build_users(), .has_busybox = has_static_busybox()};
  return io::replace_file(folder.nix_conf(), nix_conf_text(pool, host), 0644);
}

bool has_own_users(const LocalSettings& settings) {
  return builders_of(settings, has_build_users()) == Builders::own_users;
}

Expected<void> write_build_users(const MachineFolder& folder, const LocalSettings& settings, const Uids& uids) {
  const auto mount = io::find_program("mount");
  if (!mount) return std::unexpected(mount.error());
  const auto group = static_cast<gid_t>(settings.first_uid);
  const std::string session = session_text(folder, {.mount = *mount, .own_store = settings.own_store});
  if (auto written = io::replace_file(folder.passwd(), passwd_text(uids, group), 0644); !written) return written;
  if (auto written = io::replace_file(folder.group(), group_text(uids, group), 0644); !written) return written;
  return io::replace_file(folder.session(), session, 0644);
}

// Does nothing if the machine needs no users of its own.
io::Task<Expected<void>> make_build_users(MachineFolder folder, PoolConfig pool, io::Clock& clock) {
  const LocalSettings settings = settings_of(pool);
  if (!has_own_users(settings)) co_return Expected<void>{};
  const auto uids = co_await claim_uids(folder, settings, static_cast<uid_t>(pool.max_jobs), clock);
  if (!uids) co_return std::unexpected(uids.error());
  if (auto made = io::make_folder(folder.store(), 0755); !made) co_return made;
  if (auto written = write_build_users(folder, settings, *uids); !written) co_return written;
  co_return co_await try_build_users(folder, *uids);
}

// The addresses of the other machines of this state directory, of all tags, also of stopped ones.
std::set<std::string> addresses_of_others(const MachineFolder& folder) {
  std::set<std::string> addresses;
  const std::filesystem::path own(folder.path);
  for (const std::string& name : io::names_in(own.parent_path()).value_or(std::vector<std::string>{})) {
    if (name == own.filename()) continue;
    // list() reports what cannot be read, and sshd cannot take an address twice.
    const auto record = read_record(MachineFolder{own.parent_path() / name});
    if (record && *record) addresses.insert((*record)->address);
  }
  return addresses;
}

std::string log_of(const MachineFolder& folder) {
  const auto log = io::read_file(folder.sshd_log(), log_bytes_max);
  return log ? log->value_or("") : log.error().message;
}

Expected<SshdStart> explain_end(const MachineFolder& folder) {
  const std::string log = log_of(folder);
  if (log.find("Address already in use") != std::string::npos) return SshdStart::address_taken;
  return failure(
      fmt::format("sshd did not start: {:?}; its settings: {}", io::last_meaningful_line(log), folder.sshd_config()));
}

// Returns when the machine accepts connections. Its sshd_config and the files that this names must exist.
io::Task<Expected<SshdStart>> start_sshd(MachineFolder folder, io::Clock& clock) {
  const auto sshd = find_sshd();
  if (!sshd) co_return std::unexpected(sshd.error());
  // Every sshd requires this directory, but systemd creates it only for the host's own sshd.
  if (auto made = io::make_folder("/run/sshd", 0755); !made) co_return std::unexpected(made.error());
  if (auto removed = io::remove_all(folder.sshd_log()); !removed) co_return std::unexpected(removed.error());

  // is_listening() finds the path in the process' title. It is in the middle, so that it is not lost when the end of
  // the title is cut off.
  const auto pid =
      io::spawn_detached({.argv = {*sshd, "-f", folder.sshd_config(), "-D", "-e"}, .log_file = folder.sshd_log()});
  if (!pid) co_return std::unexpected(pid.error());
  for (milliseconds waited{0}; waited < sshd_deadline; waited += sshd_poll_interval) {
    if (is_listening(folder)) co_return SshdStart::listening;  // sshd writes sshd.pid when it listens
    if (::waitpid(*pid, nullptr, WNOHANG) == *pid) co_return explain_end(folder);
    co_await clock.sleep_for(sshd_poll_interval);
  }
  co_return failure(fmt::format("sshd did not listen within {} s: {:?}; its log: {}", sshd_deadline / seconds{1},
                                io::last_meaningful_line(log_of(folder)), folder.sshd_log()),
                    ErrorKind::timed_out);
}

Expected<SshdSettings> sshd_settings(const std::string& address, const LocalSettings& local) {
  const auto nix_store = io::find_program("nix-store");
  if (!nix_store) return std::unexpected(nix_store.error());
  SshdSettings settings{
      .address = address, .nix_store = *nix_store, .own_store = local.own_store, .uses_pam = root_password_is_locked()};
  if (!has_own_users(local)) return settings;
  const auto unshare = io::find_program("unshare");
  if (!unshare) return std::unexpected(unshare.error());
  settings.unshare = *unshare;
  return settings;
}

io::Task<Expected<SshdStart>> listen_on(MachineFolder folder, std::string address, std::string host_key,
                                        LocalSettings local, io::Clock& clock) {
  const auto settings = sshd_settings(address, local);
  if (!settings) co_return std::unexpected(settings.error());
  if (auto written = io::replace_file(folder.sshd_config(), sshd_config_text(folder, *settings), 0600); !written) {
    co_return std::unexpected(written.error());
  }
  const std::string known_host = fmt::format("{} {}\n", address, host_key);
  if (auto written = io::replace_file(folder.known_hosts(), known_host, 0600); !written) {
    co_return std::unexpected(written.error());
  }
  co_return co_await start_sshd(folder, clock);
}

// Returns the address at which the machine listens. Another process may take an address after we found it free.
io::Task<Expected<std::string>> listen(MachineFolder folder, MachineId machine, MachineRecord record,
                                       LocalSettings local, io::Clock& clock) {
  constexpr int attempts_max = 20;
  std::set<std::string> taken = addresses_of_others(folder);
  for (int attempt = 0; attempt < attempts_max; ++attempt) {
    const auto address = free_address(machine, record.address, taken);
    if (!address) co_return failure("no free address is left in 127.83.0.0/16; destroy machines");
    const auto started = co_await listen_on(folder, *address, record.host_key, local, clock);
    if (!started) co_return std::unexpected(started.error());
    if (*started == SshdStart::listening) co_return *address;
    taken.insert(*address);
  }
  co_return failure(fmt::format("other processes took {} addresses in 127.83.0.0/16 one after the other; see {}",
                                attempts_max, folder.sshd_log()));
}

}  // namespace

std::string specification_of(const PoolConfig& pool) {
  const LocalSettings settings = settings_of(pool);
  std::string text = fmt::format("{} store, {} jobs", settings.own_store ? "own" : "shared", pool.max_jobs);
  if (!settings.builder.empty()) text += fmt::format(", builder {}", fmt::join(settings.builder, " "));
  if (!settings.trust_builds) text += fmt::format(", builds as {} uids from {} on", settings.uids, settings.first_uid);
  return text;
}

io::Task<Expected<MachineRecord>> launch(MachineFolder folder, MachineId machine, PoolConfig pool,
                                         std::string login_key, io::Clock& clock) {
  auto record = co_await begin(folder, pool, clock);
  if (!record) co_return record;
  if (auto made = co_await ensure_key_pair(folder.host_key()); !made) co_return std::unexpected(made.error());
  auto host_key = co_await public_half(folder.host_key());
  if (!host_key) co_return std::unexpected(host_key.error());
  record->host_key = std::move(*host_key);
  if (auto emptied = empty_temporary(folder); !emptied) co_return std::unexpected(emptied.error());
  if (auto written = write_settings(folder, pool, login_key); !written) co_return std::unexpected(written.error());
  if (auto made = co_await make_build_users(folder, pool, clock); !made) co_return std::unexpected(made.error());

  co_await clock.sleep_for(settings_of(pool).boot_seconds);
  auto address = co_await listen(folder, machine, *record, settings_of(pool), clock);
  if (!address) co_return std::unexpected(address.error());
  if (auto started = start_builder(folder, machine, pool, *address); !started)
    co_return std::unexpected(started.error());
  record->power = Power::on;
  record->address = std::move(*address);
  record->launched_at = clock.now();
  if (auto written = write_record(folder, *record); !written) co_return std::unexpected(written.error());
  co_return record;
}

}  // namespace hydra_provisioner::providers::local
