// Money as users see it.
#pragma once

#include <string>
#include <string_view>

#include "model/money.hpp"

namespace hydra_provisioner::io {

// `4.50 EUR`, `<0.01 EUR`; without a currency, the number alone.
std::string money_text(Micros money, std::string_view currency = {});

}  // namespace hydra_provisioner::io
