#include "app/pages/curves.hpp"

namespace hydra_provisioner::app::pages {

html::Markup plots(const state::Archive&, Instant, const std::optional<PoolName>&, const Config&,
                   const std::map<std::string, std::string>&) {
  return {};
}

}  // namespace hydra_provisioner::app::pages
