// Money as users see it.
#pragma once

#include <string>

#include "model/money.hpp"

namespace hydra_provisioner::io {

std::string money_text(Micros money);  // `4.50`, `<0.01`

}  // namespace hydra_provisioner::io
