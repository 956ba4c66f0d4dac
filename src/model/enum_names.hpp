// The names of an enumeration's values, as users see them and files keep them. Each such enumeration has one table, in
// the order of its values:
//
//   enum class Operation { create, start };
//   template <>
//   inline constexpr auto names_of<Operation> = enum_names("create", "start");
//
// to_string() and from_name() follow from it.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

namespace hydra_provisioner {

template <class... Texts>
constexpr std::array<std::string_view, sizeof...(Texts)> enum_names(const Texts&... texts) {
  return {std::string_view(texts)...};
}

template <class Enum>
inline constexpr std::array<std::string_view, 0> names_of{};

template <class Enum>
concept NamedEnum = !names_of<Enum>.empty();

template <NamedEnum Enum>
constexpr std::string_view to_string(Enum value) {
  return names_of<Enum>.at(static_cast<std::size_t>(value));
}

// No value: no value of the enumeration has this name.
template <NamedEnum Enum>
constexpr std::optional<Enum> from_name(std::string_view name) {
  const auto found = std::ranges::find(names_of<Enum>, name);
  if (found == names_of<Enum>.end()) return std::nullopt;
  return static_cast<Enum>(found - names_of<Enum>.begin());
}

}  // namespace hydra_provisioner
