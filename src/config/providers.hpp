// The provider of a system type: `systemTypes.<type>.local` and so on.
#pragma once

#include "config/settings.hpp"
#include "model/config.hpp"

namespace hydra_provisioner::config {

// `pool` has the options of the system type. Reads the settings of every provider that is given, so that the report
// gets all errors even if only one provider is allowed.
ProviderSettings read_provider(Settings& pool, Report& report);

}  // namespace hydra_provisioner::config
