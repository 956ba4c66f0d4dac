#include "io/file/log_file.hpp"

#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <tuple>

#include <fcntl.h>
#include <fmt/format.h>

#include "io/file/files.hpp"
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

void append(const Descriptor& log, std::string_view text) { std::ignore = write_all(log, text); }

}  // namespace hydra_provisioner::io
