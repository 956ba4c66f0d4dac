// What data on stdout is shown on.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "app/cli/options.hpp"

namespace hydra_provisioner::app {

struct Screen {
  bool color = false;
  // Of the terminal. None: stdout is no terminal, so lines may be as long as they are, and programs may read them.
  std::optional<std::size_t> width{};
  std::size_t height = 0;  // unknown without a width
};

Screen screen_at(int descriptor, Color wish);

// What colours mean, as codes of the terminal (ECMA-48, SGR).
namespace colors {
inline constexpr std::string_view good = "32";      // green: it works
inline constexpr std::string_view changing = "33";  // yellow: it changes, or is held back
inline constexpr std::string_view bad = "31";       // red: it does not work
inline constexpr std::string_view resting = "2";    // dim: it needs no attention
inline constexpr std::string_view heading = "1";    // bold
}  // namespace colors

// The text, printable and on one line, in the colour; plain if `code` is empty or the screen has no colours.
std::string painted(std::string_view text, std::string_view code, const Screen& screen);

}  // namespace hydra_provisioner::app
