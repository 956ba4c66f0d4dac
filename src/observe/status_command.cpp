#include <utility>

#include "io/process/subprocess.hpp"
#include "observe/queue_source.hpp"
#include "observe/status_document.hpp"

namespace hydra_provisioner::observe {
namespace {

constexpr std::size_t output_bytes_max = std::size_t{64} << 20;  // 10,000 machines take 5 MB

}  // namespace

StatusCommand::StatusCommand(const Config& config, io::Clock& clock)
    : command_(config.status_command), timeout_(config.status_timeout), clock_(clock) {}

// A queue runner that does not answer makes the command print an old document that looks fine, and exit with 1: what a
// command that failed has printed is never read.
io::Task<Queue> StatusCommand::read() {
  io::Command command{.argv = command_, .deadline = timeout_, .output_bytes_max = output_bytes_max};
  const auto finished = co_await io::run_successfully(std::move(command));
  if (!finished) co_return std::unexpected(Untrusted{finished.error().message});
  co_return read_status_document(finished->output, clock_.now());
}

}  // namespace hydra_provisioner::observe
