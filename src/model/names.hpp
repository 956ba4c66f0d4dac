// Names that are never bare strings: a machine's id cannot be passed where a pool's name is meant.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <utility>

#include <fmt/format.h>

namespace hydra_provisioner {

template <class Kind>
struct Name {
  std::string text;

  Name() = default;
  explicit Name(std::string name) : text(std::move(name)) {}
  auto operator<=>(const Name&) const = default;
};

using Tag = Name<struct TagKind>;                // of one provisioner: `hydra-provisioned`
using MachineId = Name<struct MachineIdKind>;    // `TAG-N`, never used twice
using PoolName = Name<struct PoolNameKind>;      // a key of `systemTypes`: `x86_64-linux:benchmark`
using InstanceId = Name<struct InstanceIdKind>;  // the provider's own name for a machine
using Owner = Name<struct OwnerKind>;            // of one installation: what its state directory is called by providers

// All numbers of machines are below this. It is far from where counting further, or JSON, would break.
inline constexpr std::int64_t machine_numbers_end = 1'000'000'000'000'000;
// A machine that we have no record of is only ours if its number is below this. So another program can use up no more
// numbers than these, and far more are left.
inline constexpr std::int64_t adopted_numbers_end = 1'000'000'000;

// The N of `TAG-N`, by which machines are ordered; -1 for an id that is none of ours. N is written as we write it: in
// digits, without leading zeros.
std::int64_t number_of(const MachineId& machine);

// Whether it is `TAG-N` of this tag: `a-1-0` is of tag `a-1`, not of `a`.
bool is_of(const Tag& tag, const MachineId& machine);

}  // namespace hydra_provisioner

template <class Kind>
struct fmt::formatter<hydra_provisioner::Name<Kind>> : fmt::formatter<std::string_view> {
  auto format(const hydra_provisioner::Name<Kind>& name, format_context& context) const {
    return fmt::formatter<std::string_view>::format(name.text, context);
  }
};
