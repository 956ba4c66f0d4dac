#include "config/evaluate.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

#include "io/subprocess.hpp"
#include "io/wording.hpp"

namespace hydra_provisioner {
namespace {

constexpr const char* expression = R"(
{ file }:
let
  # Paths must become strings before JSON is made of them: Nix would copy the files to its store.
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
    return failure("cannot be read: " + os_error(errno));
  }
  std::error_code ignored;
  if (std::filesystem::is_directory(file, ignored)) return failure("is a folder; name the file in it");
  return {};
}

// Without the warnings, which are about this host's Nix (a missing group, an unknown setting), and without the advice
// to use an option of nix-instantiate, which is none of ours.
std::string without_noise(std::string_view errors) {
  std::string kept;
  while (!errors.empty()) {
    const std::string_view line = errors.substr(0, errors.find('\n'));
    errors.remove_prefix(std::min(errors.size(), line.size() + 1));
    if (!line.starts_with("warning: ") && !line.contains("'--show-trace'")) kept += fmt::format("{}\n", line);
  }
  kept.erase(kept.find_last_not_of(" \n") + 1);
  return kept;
}

std::string cause(const Finished& finished) {
  const std::string errors = without_noise(finished.errors);
  if (errors.empty()) return fmt::format("cannot be evaluated: nix-instantiate exited with {}", finished.exit_status);
  return "cannot be evaluated:\n" + errors;
}

}  // namespace

Task<Expected<Json>> evaluate_nix_file(std::string file) {
  if (auto readable = check_readable(file); !readable) co_return std::unexpected(std::move(readable.error()));
  const Expected<Finished> finished = co_await run({.argv = {"nix-instantiate", "--eval", "--strict", "--json", "-E",
                                                             expression, "--argstr", "file", std::move(file)},
                                                    .deadline = std::chrono::seconds(120),
                                                    .output_bytes_max = std::size_t{16} << 20});
  if (!finished) co_return std::unexpected(within("cannot be evaluated", finished.error()));
  if (finished->exit_status != 0) co_return failure(cause(*finished));

  auto value = parse_json(finished->output);
  if (!value) co_return std::unexpected(within("its value cannot be read", std::move(value.error())));
  co_return value;
}

bool is_function(const Json& value) { return value.is_object() && value.size() == 1 && value.contains("<function>"); }

}  // namespace hydra_provisioner
