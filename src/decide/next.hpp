// When something changes next by itself.
#pragma once

#include <algorithm>
#include <optional>

#include "model/time.hpp"

namespace hydra_provisioner {

// The earlier of the two, as far as there are any that lie ahead.
inline std::optional<Instant> next_of(std::optional<Instant> earliest, std::optional<Instant> end, Instant now) {
  if (!end || *end <= now) return earliest;
  return earliest ? std::min(*earliest, *end) : *end;
}

}  // namespace hydra_provisioner
