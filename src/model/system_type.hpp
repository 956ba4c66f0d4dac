// Which steps a pool's machines can build. Sets, not strings: `x86_64-linux:kvm,benchmark` and `…:benchmark,kvm` are
// one type.
#pragma once

#include <compare>
#include <set>
#include <string>
#include <string_view>

#include "model/error.hpp"

namespace hydra_provisioner {

// What a key of the status' `machineTypes` says: one system, and the features that its steps require.
struct StepType {
  std::string system;
  std::set<std::string> features;  // without `local`, which any machine of the system satisfies

  auto operator<=>(const StepType&) const = default;
};

// What a machine can build: one of a pool, or any other as the queue runner describes it.
struct MachineKind {
  std::set<std::string> systems;
  std::set<std::string> supported_features{};  // those of our pools have the mandatory ones among them
  std::set<std::string> mandatory_features{};  // the queue runner sends it only steps that require all of these

  auto operator<=>(const MachineKind&) const = default;
};

// What the name of a system type says: `SYSTEM[,SYSTEM…][:FEATURE[,FEATURE…]]`. `x86_64-linux` brings `i686-linux`
// along, and all features are both supported and mandatory. Fails with what is wrong and what is expected, for a name
// that no machines file could carry.
Expected<MachineKind> parse_system_type(std::string_view name);

// Nix's own systems and features are made of letters, digits, `_`, `-`, `.` and `+`. A feature may have a colon inside.
bool is_system(std::string_view word);
bool is_feature(std::string_view word);

// Why it can be no feature of a machine: `"local" is …`.
inline constexpr std::string_view local_is_no_feature =
    "no feature that a machine can have: the queue runner adds it to steps by itself";

// Never fails: the queue runner's keys are taken as they come, and one that makes no sense fits no pool.
StepType parse_step_type(std::string_view key);

// As the queue runner matches steps to machines (its `supportsStep`).
bool serves(const MachineKind& machine, const StepType& step);

// Whether the text can be a column of the machines file. There is no quoting: white space ends a column, `#` a line,
// and `;` an entry.
bool fits_a_column(std::string_view text);

// A column of the machines file: joined by commas in byte order, `-` for none.
std::string joined(const std::set<std::string>& names);

}  // namespace hydra_provisioner
