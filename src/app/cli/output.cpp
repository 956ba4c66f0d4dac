#include "app/cli/output.hpp"

#include <cerrno>

#include <fmt/format.h>
#include <unistd.h>

#include "io/text/wording.hpp"

namespace hydra_provisioner::app {

bool print(std::string_view text, act::Voice& voice) {
  while (!text.empty()) {
    const ssize_t count = ::write(STDOUT_FILENO, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      if (errno != EPIPE) voice.problem(fmt::format("cannot write to stdout: {}", io::os_error(errno)));
      return false;
    }
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

}  // namespace hydra_provisioner::app
