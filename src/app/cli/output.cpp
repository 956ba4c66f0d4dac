#include "app/cli/output.hpp"

#include <cerrno>

#include <fmt/format.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

#include "io/text/json.hpp"
#include "io/text/printable.hpp"
#include "io/text/wording.hpp"

namespace hydra_provisioner::app {

namespace {

bool is_anything_written = false;

}  // namespace

Outcome print_painted(std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(STDOUT_FILENO, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EPIPE) return std::unexpected(Failure{});
    if (count < 0) return failed({fmt::format("cannot write to stdout: {}", io::os_error(errno))});
    text.remove_prefix(static_cast<std::size_t>(count));
    is_anything_written = true;
  }
  return exit_status::done;
}

Outcome print(std::string_view text) { return print_painted(io::printable(text)); }

bool has_printed() { return is_anything_written; }

std::string errors_document(const Failure& failure) {
  return io::pretty({{"formatVersion", 1}, {"errors", failure.problems}, {"exitStatus", failure.status}});
}

}  // namespace hydra_provisioner::app
