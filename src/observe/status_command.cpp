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

// The output of a failed command is never read: if the queue runner does not answer, `hydra-queue-runner --status`
// prints an old document that looks right, and exits with 1.
io::Task<Queue> StatusCommand::read() {
  io::Command command{.argv = command_, .deadline = timeout_, .output_bytes_max = output_bytes_max};
  const auto finished = co_await io::run_successfully(std::move(command));
  if (!finished) co_return std::unexpected(Untrusted{finished.error().message});
  co_return read_status_document(finished->output, clock_.now());
}

}  // namespace hydra_provisioner::observe
