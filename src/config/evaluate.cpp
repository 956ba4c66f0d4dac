#include "config/evaluate.hpp"

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

#include "io/process/subprocess.hpp"
#include "io/text/strings.hpp"
#include "io/text/wording.hpp"

namespace hydra_provisioner::config {
namespace {

constexpr const char* expression = R"(
{ file }:
let
  # Paths must become strings before they become JSON, because Nix would copy the files to its store.
  plain = value:
    if builtins.isPath value then toString value
    else if builtins.isFunction value then { "<function>" = null; }
    else if builtins.isList value then map plain value
    else if !(builtins.isAttrs value) then value
    else if value ? outPath || value ? __toString then toString value
    else builtins.mapAttrs (name: plain) value;
  config = import file;
in
plain (if builtins.isFunction config then config { } else config)
)";

Expected<void> check_readable(const std::string& file) {
  if (::access(file.c_str(), R_OK) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return failure("no such file");
    return failure("cannot be read: " + io::os_error(errno));
  }
  std::error_code ignored;
  if (std::filesystem::is_directory(file, ignored)) return failure("is a folder; name the file in it");
  return {};
}

constexpr std::string_view evaluating = "evaluating file '";

// Removes warnings, which are about this host's Nix (a missing group, an unknown setting), the names of evaluated
// files, and the advice to use an option that only nix-instantiate has.
std::string without_noise(std::string_view errors) {
  std::string kept;
  for (const std::string_view line : io::lines(errors)) {
    const bool is_noise = line.starts_with("warning: ") || line.starts_with(evaluating);
    if (!is_noise && !line.contains("'--show-trace'")) kept += fmt::format("{}\n", line);
  }
  return std::string(io::without_trailing(kept, " \n"));
}

std::vector<std::string> evaluated_files(std::string_view errors) {
  std::vector<std::string> files;
  for (std::string_view line : io::lines(errors)) {
    if (!line.starts_with(evaluating) || !line.ends_with('\'')) continue;
    line.remove_prefix(evaluating.size());
    line.remove_suffix(1);
    if (!line.starts_with("/nix/store/")) files.emplace_back(line);  // files there never change
  }
  return files;
}

std::string cause(const io::Finished& finished) {
  const std::string errors = without_noise(finished.errors);
  if (errors.empty()) return fmt::format("cannot be evaluated: nix-instantiate exited with {}", finished.exit_status);
  return "cannot be evaluated:\n" + errors;
}

}  // namespace

io::Task<Expected<Evaluation>> evaluate_nix_file(std::string file) {
  if (auto readable = check_readable(file); !readable) co_return std::unexpected(std::move(readable.error()));
  const Expected<io::Finished> finished =
      co_await io::run({.argv = {"nix-instantiate", "-v", "--eval", "--strict", "--json", "-E", expression, "--argstr",
                                 "file", std::move(file)},
                        .deadline = std::chrono::seconds(120),
                        .output_bytes_max = std::size_t{16} << 20});
  if (!finished) co_return std::unexpected(within("cannot be evaluated", finished.error()));
  if (finished->exit_status != 0) co_return failure(cause(*finished));

  co_return Evaluation{.json = finished->output, .files = evaluated_files(finished->errors)};
}

bool is_function(const io::Json& value) {
  return value.is_object() && value.size() == 1 && value.contains("<function>");
}

}  // namespace hydra_provisioner::config
