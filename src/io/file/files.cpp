#include "io/file/files.hpp"

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/async/waypoint.hpp"
#include "io/process/users.hpp"
#include "io/text/wording.hpp"

namespace hydra_provisioner::io {

namespace {

std::unexpected<Error> cannot_read(const std::string& path, std::string_view why) {
  return failure(fmt::format("cannot read {}: {}", path, why));
}

}  // namespace

Expected<std::optional<Descriptor>> open_file(const std::string& path) {
  // Without O_NONBLOCK, opening a FIFO would wait for its writer.
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.is_open()) {
    if (errno == ENOENT) return std::nullopt;
    return cannot_read(path, os_error(errno));
  }
  struct stat found{};
  if (::fstat(file.number(), &found) != 0) return cannot_read(path, os_error(errno));
  if (!S_ISREG(found.st_mode)) return cannot_read(path, "it is not a regular file");
  return file;
}

Expected<std::string> read_some(const Descriptor& file, std::size_t bytes_max) {
  std::string chunk(bytes_max, '\0');
  while (true) {
    const ssize_t count = ::read(file.number(), chunk.data(), chunk.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failure(os_error(errno));
    chunk.resize(static_cast<std::size_t>(count));
    return chunk;
  }
}

Expected<std::optional<std::string>> read_file(const std::string& path, std::size_t bytes_max) {
  constexpr std::size_t chunk_bytes = 65536;
  const auto file = open_file(path);
  if (!file) return std::unexpected(file.error());
  if (!*file) return std::nullopt;
  std::string content;
  while (true) {
    const auto chunk = read_some(**file, chunk_bytes);
    if (!chunk) return cannot_read(path, chunk.error().message);
    if (chunk->empty()) return content;
    content += *chunk;
    if (content.size() > bytes_max) return cannot_read(path, "it is larger than " + byte_count(bytes_max));
  }
}

namespace {

// In the same folder, so that it can be renamed; always of the same name, so that crashes leave one file at most.
std::filesystem::path temporary_beside(const std::filesystem::path& target) {
  return target.parent_path() / ("." + target.filename().string() + ".new");
}

// A file that is removed unless it was renamed.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::string path) : path_(std::move(path)) {}
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }

  const std::string& path() const { return path_; }
  bool rename_to(const std::string& path) {
    if (::rename(path_.c_str(), path.c_str()) != 0) return false;
    path_.clear();
    return true;
  }

 private:
  std::string path_;
};

// What a crash left is removed and not written into: it may be a link to another file, or open in another process.
Descriptor create_anew(const std::string& path) {
  ::unlink(path.c_str());
  return Descriptor(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
}

// Of three replacements within a second, the third may have an inode and a second that a reader has seen already, and
// the reader would never notice it. So the second of each file is later than its predecessor's, ahead of the clock if
// need be.
bool date_after(const Descriptor& file, const std::string& predecessor) {
  struct stat before{};
  struct stat now{};
  if (::stat(predecessor.c_str(), &before) != 0) return true;
  if (::fstat(file.number(), &now) != 0) return false;
  if (now.st_mtim.tv_sec > before.st_mtim.tv_sec) return true;
  const timespec later{.tv_sec = before.st_mtim.tv_sec + 1, .tv_nsec = 0};
  const timespec times[] = {later, later};
  return ::futimens(file.number(), times) == 0;
}

}  // namespace

Expected<void> replace_file(const std::string& path, std::string_view content, mode_t mode) {
  const auto cannot = [&](std::string_view verb, const std::string& what) {
    return failure(fmt::format("cannot {} {}: {}", verb, what, os_error(errno)));
  };
  const std::filesystem::path target(path);
  const std::string folder_path = target.has_parent_path() ? target.parent_path().string() : ".";
  const Descriptor folder(::open(folder_path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.is_open()) return cannot("write", path);

  waypoint("files.before-write");
  TemporaryFile temporary(temporary_beside(target));
  {
    const Descriptor file = create_anew(temporary.path());
    if (!file.is_open() || ::fchmod(file.number(), mode) != 0 || !write_all(file, content) || !date_after(file, path) ||
        ::fsync(file.number()) != 0) {
      return cannot("write", path);
    }
  }
  waypoint("files.before-rename");
  if (!temporary.rename_to(path)) return cannot("write", path);
  waypoint("files.after-rename");
  if (::fsync(folder.number()) != 0) return cannot("sync", folder_path);
  return {};
}

namespace {

// Only then are a folder's new entries safe from a loss of power.
Expected<void> sync_folder(const std::filesystem::path& path) {
  const std::string folder = path.empty() ? "." : path.string();
  const Descriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (opened.is_open() && ::fsync(opened.number()) == 0) return {};
  return failure(fmt::format("cannot sync {}: {}", folder, os_error(errno)));
}

}  // namespace

Expected<void> make_folder(const std::string& path, mode_t mode) {
  namespace fs = std::filesystem;
  const auto cannot = [&](std::string_view why) { return failure(fmt::format("cannot create {}: {}", path, why)); };
  fs::path folder(path);
  if (!folder.has_filename()) folder = folder.parent_path();  // `/var/lib/x/`

  std::error_code error;
  if (fs::is_directory(folder, error)) return {};
  if (folder.has_parent_path()) {
    fs::create_directories(folder.parent_path(), error);
    if (error) return cannot(error.message());
  }
  if (::mkdir(folder.c_str(), mode) != 0) {
    const int number = errno;
    if (number == EEXIST && fs::is_directory(folder, error)) return {};  // another process was faster
    return cannot(number == EEXIST ? "there is a file of that name" : os_error(number));
  }
  if (::chmod(folder.c_str(), mode) != 0) return cannot(os_error(errno));  // adds what the umask took away
  return sync_folder(folder.parent_path());
}

Expected<void> expect_own_folder(const std::string& path) {
  struct stat found{};
  if (::stat(path.c_str(), &found) != 0) {
    if (errno == ENOENT) return {};
    return failure(fmt::format("cannot look at {}: {}", path, os_error(errno)));
  }
  const uid_t user = ::geteuid();
  if (found.st_uid != user && found.st_uid != 0)
    return failure(
        fmt::format("{0} is not used, because it belongs to user {1}, and this program runs as user {2}: run it "
                    "as that user (runuser -u {1} -- hydra-provisioner …), or choose another folder",
                    path, user_name(found.st_uid), user_name(user)));
  if ((found.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return failure(
        fmt::format("{} is not used, because others may write to it (mode {:o}): look at what is in it, and "
                    "then use chmod go-w",
                    path, found.st_mode & 07777));
  return {};
}

Expected<std::vector<std::string>> names_in(const std::string& folder) {
  namespace fs = std::filesystem;
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    names.push_back(entry->path().filename());
  }
  if (error && error != std::errc::no_such_file_or_directory)
    return failure(fmt::format("cannot list {}: {}", folder, error.message()));
  return names;
}

Expected<void> remove_replaceable(const std::string& path) {
  if (const auto removed = remove_all(temporary_beside(path).string()); !removed) return removed;
  return remove_all(path);
}

Expected<void> remove_all(const std::string& path) {
  std::error_code error;
  std::filesystem::remove_all(path, error);
  if (error) return failure(fmt::format("cannot remove {}: {}", path, error.message()));
  return {};
}

}  // namespace hydra_provisioner::io
