// Finds the name that a user probably meant by a mistyped one.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace hydra_provisioner::io {

// How many characters (bytes) must be added, left out, replaced or swapped with their neighbour to turn one text into
// the other: the optimal string alignment distance, which changes no character twice.
std::size_t edit_distance(std::string_view a, std::string_view b);

// The nearest known name, the first of equally near ones; none when no known name is similar enough.
std::optional<std::string_view> nearest(std::string_view name, const std::vector<std::string_view>& known);

}  // namespace hydra_provisioner::io
