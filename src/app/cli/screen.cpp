#include "app/cli/screen.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "app/cli/terminal.hpp"
#include "io/text/printable.hpp"

namespace hydra_provisioner::app {

Screen screen_at(int descriptor, Color wish) {
  Screen screen{.color = use_color(wish, descriptor)};
  winsize size{};
  if (::isatty(descriptor) != 1 || ::ioctl(descriptor, TIOCGWINSZ, &size) != 0) return screen;
  if (size.ws_col == 0 || size.ws_row == 0) return screen;
  screen.width = size.ws_col;
  screen.height = size.ws_row;
  return screen;
}

std::string painted(std::string_view text, std::string_view code, const Screen& screen) {
  std::string line = io::printable_line(text);
  return screen.color && !code.empty() && !line.empty() ? fmt::format("\033[{}m{}\033[0m", code, line) : line;
}

}  // namespace hydra_provisioner::app
