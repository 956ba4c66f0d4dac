#include "io/file/log_file.hpp"

#include <cerrno>
#include <cstdint>
#include <filesystem>

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

#include "io/text/wording.hpp"

namespace hydra_provisioner::io {
namespace {

constexpr std::uintmax_t log_bytes_max = std::uintmax_t{4} << 20;

}  // namespace

void limit_log(const std::string& path) {
  std::error_code ignored;
  if (std::filesystem::file_size(path, ignored) > log_bytes_max && !ignored)
    std::filesystem::rename(path, path + ".1", ignored);
}

Expected<Descriptor> open_log(const std::string& path) {
  if (auto made = make_folder(std::filesystem::path(path).parent_path(), 0700); !made)
    return std::unexpected(made.error());
  limit_log(path);
  Descriptor log(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!log.is_open()) return failure(fmt::format("{}: cannot be opened: {}", path, os_error(errno)));
  return log;
}

void append(const Descriptor& log, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(log.number(), text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
}

}  // namespace hydra_provisioner::io
