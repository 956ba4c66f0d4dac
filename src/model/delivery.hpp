// What was last handed to the queue runner, remembered from pass to pass.
#pragma once

#include <optional>
#include <string>

#include "model/time.hpp"

namespace hydra_provisioner {

// Since when the machines file could not be published, and why not.
struct Unpublished {
  Instant since;
  std::string why;

  friend bool operator==(const Unpublished&, const Unpublished&) = default;
};

struct LastDelivery {
  std::string content;
  Instant at;
  bool succeeded = false;                // false also while it is not known
  std::string destination{};             // Publisher::destination()
  std::optional<Unpublished> trouble{};  // none: the last attempt succeeded
};

}  // namespace hydra_provisioner
