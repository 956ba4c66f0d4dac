// Times as AWS writes them: `2026-11-25T17:33:48.000Z`.
#pragma once

#include <optional>
#include <string>

#include "model/time.hpp"

namespace hydra_provisioner::providers::ec2 {

// Fractions of a second are cut off. None: it is no such time.
std::optional<Instant> iso_time(const std::string& text);

}  // namespace hydra_provisioner::providers::ec2
