#include "providers/keys.hpp"

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "io/file/files.hpp"
#include "io/file/lock.hpp"
#include "io/process/subprocess.hpp"
#include "io/text/wording.hpp"

namespace hydra_provisioner::providers {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t key_bytes_max = std::size_t{64} << 10;
constexpr milliseconds keygen_deadline = seconds{20};  // it takes 10 ms, and the host may be busy

bool exists(const std::string& path) {
  std::error_code error;
  return std::filesystem::exists(path, error);
}

std::string folder_of(const std::string& path) { return std::filesystem::path(path).parent_path(); }
std::string name_of(const std::string& path) { return std::filesystem::path(path).filename(); }

Expected<void> copy_durably(const std::string& from, const std::string& to, mode_t mode) {
  const auto content = io::read_file(from, key_bytes_max);
  if (!content) return std::unexpected(content.error());
  return io::replace_file(to, content->value_or(""), mode);
}

// ssh-keygen does not sync its files, so a power failure could leave an empty key. We let it write elsewhere, and copy.
io::Task<Expected<void>> generate(std::string path, std::string work_folder) {
  if (auto made = io::make_folder(work_folder, 0700); !made) co_return made;
  const std::string fresh = work_folder + "/key";
  io::Command keygen{.argv = {"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name_of(path), "-f", fresh},
                     .deadline = keygen_deadline};
  const auto generated = co_await io::run_successfully(std::move(keygen));
  if (!generated) co_return std::unexpected(generated.error());
  if (auto copied = copy_durably(fresh + ".pub", path + ".pub", 0644); !copied) co_return copied;
  co_return copy_durably(fresh, path, 0600);
}

// The first two words of a public key's line; empty when there are fewer.
std::string type_and_key(std::string_view line) {
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos || space == 0) return {};
  const std::size_t end = line.find_first_of(" \n", space + 1);
  const auto key = line.substr(0, end);
  return key.size() > space + 1 ? std::string(key) : std::string();
}

// ssh ignores a bad key, and then only says that permission was denied.
Expected<void> check_private_key(const std::string& path) {
  struct stat found{};
  if (::stat(path.c_str(), &found) != 0) {
    if (errno != ENOENT && errno != ENOTDIR) return failure(fmt::format("sshKey {}: {}", path, io::os_error(errno)));
    return failure(fmt::format("sshKey {0}: no such file; create it with ssh-keygen -t ed25519 -N '' -f {0}", path));
  }
  if (!S_ISREG(found.st_mode))
    return failure(fmt::format("sshKey {}: not a file; give the path of a private key", path));
  const bool others_may_read_it = (found.st_mode & 077) != 0;
  if (found.st_uid == ::geteuid() && others_may_read_it) {
    return failure(fmt::format("sshKey {0}: others may read it, and ssh refuses such keys; run chmod 600 {0}", path));
  }
  return {};
}

}  // namespace

io::Task<Expected<void>> ensure_key_pair(std::string path) {
  if (exists(path)) co_return Expected<void>{};
  const std::string work_folder = fmt::format("{}/.{}.making", folder_of(path), name_of(path));
  if (auto removed = io::remove_all(work_folder); !removed) co_return removed;  // of an interrupted attempt
  auto generated = co_await generate(path, work_folder);
  auto removed = io::remove_all(work_folder);
  co_return generated ? removed : generated;
}

io::Task<Expected<void>> ensure_shared_key_pair(std::string path, io::Clock& clock) {
  if (exists(path)) co_return Expected<void>{};
  if (auto made = io::make_folder(folder_of(path), 0755); !made) co_return made;
  const std::string lock_path = fmt::format("{}/.{}.lock", folder_of(path), name_of(path));
  const auto lock = co_await io::acquire_lock(lock_path, clock, 2 * keygen_deadline);
  if (!lock) co_return std::unexpected(lock.error());
  if (!*lock)
    co_return failure(fmt::format("{}: another process has been making this key for {} s; end it", path,
                                  2 * keygen_deadline / seconds{1}),
                      ErrorKind::timed_out);
  auto ensured = co_await ensure_key_pair(path);
  auto removed = io::remove_all(lock_path);
  co_return ensured ? removed : ensured;
}

io::Task<Expected<std::string>> public_half(std::string private_key) {
  if (auto usable = check_private_key(private_key); !usable) co_return std::unexpected(usable.error());
  const auto beside = io::read_file(private_key + ".pub", key_bytes_max);
  if (!beside) co_return std::unexpected(within("sshKey", beside.error()));
  if (*beside) {
    std::string key = type_and_key(**beside);
    if (!key.empty()) co_return key;
    co_return failure(fmt::format(
        "sshKey {0}: {0}.pub is not a public key; write it with ssh-keygen -y -f {0} > {0}.pub", private_key));
  }
  io::Command keygen{.argv = {"ssh-keygen", "-y", "-P", "", "-f", private_key}, .deadline = keygen_deadline};
  const auto derived = co_await io::run_successfully(std::move(keygen));
  if (derived) co_return type_and_key(derived->output);
  co_return failure(
      fmt::format("sshKey {}: {}; give a private key that has no passphrase", private_key, derived.error().message));
}

std::string local_key_path(const std::string& state_dir, const Tag& tag) {
  return fmt::format("{}/{}.key", state_dir, tag);
}

}  // namespace hydra_provisioner::providers
