// What somebody meant who mistyped a name.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace hydra_provisioner::io {

// How many characters must be added, left out, replaced or swapped with their neighbour to make one of the other
// (optimal string alignment: no character is touched twice). Characters are bytes.
std::size_t edit_distance(std::string_view a, std::string_view b);

// The known name that is nearest, the first of several; none when none is near enough to be a mistyped one.
std::optional<std::string_view> nearest(std::string_view name, const std::vector<std::string_view>& known);

}  // namespace hydra_provisioner::io
