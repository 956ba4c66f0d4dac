// The value of one option, checked.
#pragma once

#include <cstdint>
#include <string>

#include "config/options.hpp"
#include "io/text/json.hpp"
#include "model/error.hpp"

namespace hydra_provisioner::config {

struct CountOrAuto {
  std::int64_t count = 0;
  bool is_auto = false;
};

// Value is the type of the option's values: std::int64_t, CountOrAuto, Seconds, Micros, bool, std::string,
// std::vector<std::string> or std::map<std::string, std::string>. A choice of two words may be a bool, which is true
// for the first. The message says what was found, what is expected and, if the meaning can be guessed, what to write.
template <class Value>
Expected<Value> read_value(const Option& option, const io::Json& value);

// The message is such as `3 is not an attribute set`.
Expected<void> check_attribute_set(const io::Json& value);

}  // namespace hydra_provisioner::config
