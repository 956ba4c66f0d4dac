#include "model/config.hpp"

#include <array>
#include <cstddef>

namespace hydra_provisioner {

std::span<const ProviderTraits> all_provider_traits() {
  static const std::array<ProviderTraits, names_of<ProviderKind>.size()> table{{
      {.option = "local",
       .defaults = LocalSettings{},
       .is_always_asked = true,
       .makes_login_key = true,
       .accepts_only_root = true,
       .belongs_to_one_host = true},
      {.option = "nixopsExpr",
       .defaults = NixopsSettings{},
       .can_redeploy = true,
       .gives_names_back = true,
       .keeps_alive = true,
       .belongs_to_one_host = true},
      {.option = "ec2",
       .defaults = Ec2Settings{},
       .billing_period = Seconds{3600},
       .tells_max_jobs = true,
       .billing_hint = "AWS bills Linux by the second since 2017: 60 saves money"},
      {.option = "exec", .defaults = ExecSettings{}},
  }};
  return table;
}

const ProviderTraits& traits_of(ProviderKind kind) { return all_provider_traits()[static_cast<std::size_t>(kind)]; }

std::set<ProviderKind> providers_of(const Config& config) {
  std::set<ProviderKind> kinds;
  for (const ProviderTraits& traits : all_provider_traits()) {
    if (traits.is_always_asked) kinds.insert(kind_of(traits.defaults));
  }
  for (const auto& [name, pool] : config.pools) kinds.insert(pool.kind());
  return kinds;
}

}  // namespace hydra_provisioner
