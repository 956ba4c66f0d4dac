#include "model/config.hpp"

#include <algorithm>
#include <array>

namespace hydra_provisioner {
namespace {
constexpr std::array<std::string_view, 4> provider_names{"local", "nixops", "ec2", "exec"};
}

std::string_view to_string(ProviderKind kind) { return provider_names.at(static_cast<std::size_t>(kind)); }

std::optional<ProviderKind> provider_kind(std::string_view name) {
  const auto found = std::ranges::find(provider_names, name);
  if (found == provider_names.end()) return std::nullopt;
  return static_cast<ProviderKind>(found - provider_names.begin());
}

}  // namespace hydra_provisioner
