// What was last handed to updateCommand, remembered from pass to pass.
#pragma once

#include <string>

#include "model/time.hpp"

namespace hydra_provisioner {

struct LastDelivery {
  std::string content;
  Instant at;
  bool succeeded = false;     // false also while it is not known
  std::string destination{};  // Publisher::destination()
};

}  // namespace hydra_provisioner
