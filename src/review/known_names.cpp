#include "review/known_names.hpp"

#include <algorithm>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "io/text/nearest.hpp"

namespace hydra_provisioner::review {

Expected<Known> look_up(const state::Archive& archive, const std::string& name) {
  const auto machines = archive.machines();
  const auto types = archive.pools();
  if (std::ranges::find(machines, name) != machines.end()) return Known::machine;
  if (std::ranges::find(types, name) != types.end()) return Known::type;
  std::vector<std::string_view> known(machines.begin(), machines.end());
  known.insert(known.end(), types.begin(), types.end());
  const auto meant = io::nearest(name, known);
  return failure(fmt::format("\"{}\" is no machine and no type in {}{}", name, archive.place().described(),
                             meant ? fmt::format("; did you mean {}?", *meant) : ""));
}

}  // namespace hydra_provisioner::review
