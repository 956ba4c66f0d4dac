#include "io/file/lock.hpp"

#include <cerrno>
#include <string_view>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/text/wording.hpp"

namespace hydra_provisioner::io {
namespace {

struct flock exclusive_lock() {
  struct flock lock{};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;  // from 0, length 0: the whole file
  return lock;
}

bool is_file_at(const Descriptor& file, const std::string& path) {
  struct stat held{};
  struct stat named{};
  return ::fstat(file.number(), &held) == 0 && ::stat(path.c_str(), &named) == 0 && held.st_dev == named.st_dev &&
         held.st_ino == named.st_ino;
}

}  // namespace

Expected<std::optional<FileLock>> FileLock::try_acquire(const std::string& path) {
  const auto cannot_lock = [&](std::string_view why) { return failure(fmt::format("cannot lock {}: {}", path, why)); };

  // If its holder removes the file before we lock it, we lock a file that no other process finds: then we try again.
  for (int attempt = 0; attempt < 100; ++attempt) {
    Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!file.is_open()) return cannot_lock(os_error(errno));
    struct flock lock = exclusive_lock();
    if (::fcntl(file.number(), F_OFD_SETLK, &lock) != 0) {
      if (errno == EAGAIN || errno == EACCES) return std::nullopt;
      return cannot_lock(os_error(errno));
    }
    if (is_file_at(file, path)) return FileLock(std::move(file));
  }
  return cannot_lock("another process keeps replacing it");
}

bool FileLock::is_at(const std::string& path) const { return is_file_at(descriptor_, path); }

Expected<void> FileLock::write(std::string_view content) const {
  if (::ftruncate(descriptor_.number(), 0) == 0 && ::lseek(descriptor_.number(), 0, SEEK_SET) == 0 &&
      write_all(descriptor_, content))
    return {};
  return failure(fmt::format("cannot write the lock's file: {}", os_error(errno)));
}

bool FileLock::is_held(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) return errno != ENOENT;
  struct flock lock = exclusive_lock();
  return ::fcntl(file.number(), F_OFD_GETLK, &lock) != 0 || lock.l_type != F_UNLCK;
}

Task<Expected<std::optional<FileLock>>> acquire_lock(std::string path, Clock& clock,
                                                     std::chrono::milliseconds patience) {
  constexpr std::chrono::milliseconds poll_interval{20};
  for (std::chrono::milliseconds waited{0};; waited += poll_interval) {
    auto lock = FileLock::try_acquire(path);
    if (!lock || *lock || waited >= patience) co_return lock;
    co_await clock.sleep_for(poll_interval);
  }
}

}  // namespace hydra_provisioner::io
