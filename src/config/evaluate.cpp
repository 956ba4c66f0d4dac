#include "config/evaluate.hpp"

#include <cerrno>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <unistd.h>
#include <nlohmann/json.hpp>

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

}  // namespace

io::Task<Expected<io::NixEvaluation>> evaluate_nix_file(std::string file) {
  if (auto readable = check_readable(file); !readable) co_return std::unexpected(std::move(readable.error()));
  std::vector<std::string> arguments{"--argstr", "file", std::move(file)};
  co_return co_await io::evaluate_nix(expression, std::move(arguments));
}

bool is_function(const io::Json& value) {
  return value.is_object() && value.size() == 1 && value.contains("<function>");
}

}  // namespace hydra_provisioner::config
