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
#include "io/process/private_folder.hpp"
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

std::string type_and_key(std::string_view line) {
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos || space == 0) return {};
  const std::size_t end = line.find_first_of(" \n", space + 1);
  const auto key = line.substr(0, end);
  return key.size() > space + 1 ? std::string(key) : std::string();
}

io::Task<Expected<KeyPair>> new_key_pair(std::string comment) {
  const auto folder = io::PrivateFolder::make(key_folder);
  if (!folder) co_return std::unexpected(folder.error());
  const std::string path = folder->path() + "/key";
  io::Command keygen{.argv = {"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", std::move(comment), "-f", path},
                     .deadline = keygen_deadline};
  const auto generated = co_await io::run_successfully(std::move(keygen));
  if (!generated) co_return std::unexpected(generated.error());
  auto private_half = io::read_file(path, key_bytes_max);
  if (!private_half) co_return std::unexpected(private_half.error());
  auto public_half = io::read_file(path + ".pub", key_bytes_max);
  if (!public_half) co_return std::unexpected(public_half.error());
  co_return KeyPair{.private_half = private_half->value_or(""), .public_half = public_half->value_or("")};
}

// ssh-keygen does not sync its files, so a power failure could leave an empty key.
io::Task<Expected<void>> ensure_key_pair(std::string path) {
  if (exists(path)) co_return Expected<void>{};
  const auto pair = co_await new_key_pair(name_of(path));
  if (!pair) co_return std::unexpected(pair.error());
  if (auto written = io::replace_file(path + ".pub", pair->public_half, 0644); !written) co_return written;
  co_return io::replace_file(path, pair->private_half, 0600);
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
