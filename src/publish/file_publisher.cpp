#include <filesystem>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "io/file/files.hpp"
#include "publish/machines_file.hpp"
#include "publish/publisher.hpp"
#include "publish/read_machines_file.hpp"

namespace hydra_provisioner::publish {
namespace {

constexpr std::size_t bytes_max = std::size_t{16} << 20;
constexpr mode_t readable_by_all = 0644;

Expected<void> check_that_it_is_ours(const std::string& path, std::string_view present, std::string_view content) {
  const std::string theirs = tag_of_machines_file(present);
  const std::string ours = tag_of_machines_file(content);
  if (theirs.empty() || theirs == ours) return {};
  return failure(fmt::format("{}: belongs to the provisioner with tag {:?}, and this one has tag {:?}; give each a "
                             "machinesFile of its own",
                             path, theirs, ours),
                 ErrorKind::refused);
}

// The folder exists once Hydra is set up. It is not made here, so that a mistyped path is noticed.
Error with_advice(const std::string& path, Error error) {
  const auto folder = std::filesystem::path(path).parent_path();
  std::error_code ignored;
  if (!folder.empty() && !std::filesystem::exists(folder, ignored)) {
    error.message += fmt::format("; create the folder {}", folder.string());
  }
  return error;
}

}  // namespace

FilePublisher::FilePublisher(const Config& config) : path_(config.machines_file) {}

std::optional<std::set<std::string>> FilePublisher::listed() const {
  const auto present = io::read_file(path_, bytes_max);
  if (!present) return std::nullopt;
  return names_in_machines_file(present->value_or(""));
}

io::Task<Expected<bool>> FilePublisher::publish(std::string content, std::optional<LastDelivery>, Instant) {
  const auto present = io::read_file(path_, bytes_max);
  if (!present) co_return std::unexpected(present.error());
  if (*present == content) co_return false;
  if (*present) {
    if (auto ours = check_that_it_is_ours(path_, **present, content); !ours) co_return std::unexpected(ours.error());
  }
  auto written = io::replace_file(path_, content, readable_by_all);
  if (written) co_return true;
  Error error = with_advice(path_, written.error());
  const auto after = io::read_file(path_, bytes_max);
  if (after && *after != content) error.kind = ErrorKind::untouched;
  co_return std::unexpected(std::move(error));
}

}  // namespace hydra_provisioner::publish
