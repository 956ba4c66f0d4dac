#include <algorithm>
#include <utility>

#include "io/process/subprocess.hpp"
#include "observe/queue_document.hpp"
#include "observe/queue_source.hpp"
#include "observe/status_document.hpp"

namespace hydra_provisioner::observe {
namespace {

constexpr std::size_t output_bytes_max = std::size_t{64} << 20;  // 10,000 machines take 5 MB

}  // namespace

QueueCommand::QueueCommand(std::vector<std::string> command, Seconds timeout, Reader reader, io::Clock& clock)
    : command_(std::move(command)), timeout_(timeout), reader_(reader), clock_(clock) {}

// The output of a failed command is never read: if the queue runner does not answer, `hydra-queue-runner --status`
// prints an old document that looks right, and exits with 1.
io::Task<Queue> QueueCommand::read() {
  io::Command command{.argv = command_, .deadline = timeout_, .output_bytes_max = output_bytes_max};
  const auto finished = co_await io::run_successfully(std::move(command));
  if (!finished) co_return std::unexpected(Untrusted{finished.error().message});
  co_return reader_(finished->output, clock_.now());
}

std::unique_ptr<QueueSource> status_command(const Config& config, io::Clock& clock) {
  return std::make_unique<QueueCommand>(config.status_command, config.status_timeout, read_status_document, clock);
}

std::unique_ptr<QueueSource> queue_command(const Config& config, io::Clock& clock) {
  return std::make_unique<QueueCommand>(config.queue.command, config.status_timeout, read_queue_document, clock);
}

RarelyAsked::RarelyAsked(std::unique_ptr<QueueSource> source, io::Clock& clock)
    : source_(std::move(source)), clock_(clock) {}

io::Task<Queue> RarelyAsked::ask(io::Task<Queue> (QueueSource::*question)(), Asked& asked) {
  constexpr Seconds pause_max{30};
  const Seconds passed = clock_.now() - asked.at;
  const bool may_wait = Seconds{0} <= passed && passed < asked.pause;  // negative: our clock was set back
  if (may_wait) co_return std::unexpected(Untrusted{asked.why});
  Queue queue = co_await ((*source_).*question)();
  asked.at = clock_.now();
  asked.pause = queue ? Seconds{0} : std::clamp(asked.pause * 2, Seconds{1}, pause_max);
  if (!queue) asked.why = queue.error().why;
  co_return queue;
}

}  // namespace hydra_provisioner::observe
