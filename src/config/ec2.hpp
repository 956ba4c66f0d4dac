// `systemTypes.<type>.ec2`
#pragma once

#include "config/settings.hpp"
#include "model/config.hpp"

namespace hydra_provisioner::config {

// `pool` is the system type's options; without the option `ec2`, the defaults.
Ec2Settings read_ec2(Settings& pool, Report& report);

}  // namespace hydra_provisioner::config
