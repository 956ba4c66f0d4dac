// The value of one option, checked.
#pragma once

#include <string>

#include "config/options.hpp"
#include "io/text/json.hpp"
#include "model/error.hpp"

namespace hydra_provisioner::config {

// For the Value that an option of this kind has: std::int64_t, Seconds, Micros, bool, std::string,
// std::vector<std::string> or std::map<std::string, std::string>. The message says what was found, what is expected
// and, where that can be guessed, what to write.
template <class Value>
Expected<Value> read_value(OptionKind kind, const io::Json& value);

// `3 is not an attribute set`.
Expected<void> check_attribute_set(const io::Json& value);

}  // namespace hydra_provisioner::config
