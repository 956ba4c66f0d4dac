#include "model/config.hpp"

#include <array>
#include <cstddef>

namespace hydra_provisioner {

std::span<const ProviderTraits> all_provider_traits() {
  static const std::array<ProviderTraits, names_of<ProviderKind>.size()> table{{
      {.option = "local", .defaults = LocalSettings{}},
      {.option = "nixopsExpr",
       .defaults = NixopsSettings{},
       .can_redeploy = true,
       .gives_names_back = true,
       .keeps_alive = true},
      {.option = "ec2", .defaults = Ec2Settings{}, .billing_period = Seconds{3600}},
      {.option = "exec", .defaults = ExecSettings{}},
  }};
  return table;
}

const ProviderTraits& traits_of(ProviderKind kind) { return all_provider_traits()[static_cast<std::size_t>(kind)]; }

}  // namespace hydra_provisioner
