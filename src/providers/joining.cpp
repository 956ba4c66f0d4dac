#include "providers/joining.hpp"

#include <cstddef>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "io/file/files.hpp"
#include "io/text/strings.hpp"

namespace hydra_provisioner::providers {
namespace {

constexpr std::size_t token_bytes_max = 4096;

Expected<std::string> read_token(const std::string& path) {
  if (path.empty()) return "";
  const auto content = io::read_file(path, token_bytes_max);
  if (!content) return std::unexpected(within("builderTokenFile", content.error()));
  if (!*content) return failure(fmt::format("builderTokenFile: {}: no such file", path));
  std::string token(io::trimmed(**content));
  if (token.empty() || token.contains('\n'))
    return failure(fmt::format("builderTokenFile: {}: expected one line with a token", path));
  return token;
}

}  // namespace

Expected<std::optional<Joining>> joining_of(const PoolConfig& pool, const MachineId& machine) {
  if (pool.builder_endpoint.empty()) return std::optional<Joining>{};
  auto token = read_token(pool.builder_token_file);
  if (!token) return std::unexpected(std::move(token.error()));
  return Joining{.machine = machine,
                 .pool = pool.name,
                 .endpoint = pool.builder_endpoint,
                 .token = *std::move(token),
                 .kind = pool.type,
                 .max_jobs = pool.max_jobs};
}

std::string part_of_specification(const PoolConfig& pool) {
  if (pool.builder_endpoint.empty()) return "";
  Joining joining{.machine = {}, .pool = pool.name, .endpoint = pool.builder_endpoint, .token = {}};
  joining.kind = pool.type;
  joining.max_jobs = pool.max_jobs;
  return fmt::format("\n{}", fmt::join(lines_of(joining), "\n"));
}

std::vector<std::string> lines_of(const Joining& joining) {
  const auto& [systems, supported, mandatory] = joining.kind;
  std::vector<std::string> lines{fmt::format("NAME:{}", joining.machine),
                                 fmt::format("POOL:{}", joining.pool),
                                 fmt::format("ENDPOINT:{}", joining.endpoint),
                                 fmt::format("SYSTEMS:{}", fmt::join(systems, ",")),
                                 fmt::format("SUPPORTED_FEATURES:{}", fmt::join(supported, ",")),
                                 fmt::format("MANDATORY_FEATURES:{}", fmt::join(mandatory, ",")),
                                 fmt::format("MAX_JOBS:{}", joining.max_jobs)};
  if (!joining.token.empty()) lines.push_back(fmt::format("TOKEN:{}", joining.token));
  for (std::string& line : lines) line.insert(0, "HYDRA_BUILDER_");
  return lines;
}

}  // namespace hydra_provisioner::providers
