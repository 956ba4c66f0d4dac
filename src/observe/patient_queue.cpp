#include <utility>

#include "observe/queue_source.hpp"

namespace hydra_provisioner::observe {

// A late failure is an answer; after a late success, there is another machine to wake it for.
io::Task<Expected<void>> PatientQueue::wake() {
  if (!wake_.is_pending()) {
    auto late = wake_.take();
    if (late && !*late) co_return *std::move(late);
    co_await wake_.start([source = source_] { return source->wake(); });
  }
  auto woken = co_await wake_.wait(io::short_patience);
  if (!woken) co_return failure("no answer yet", ErrorKind::unanswered);
  co_return *std::move(woken);
}

io::Task<Expected<void>> PatientQueue::evict(MachineId machine, std::string host) {
  return evictions_.ask(machine,
                        [source = source_, machine, host = std::move(host)] { return source->evict(machine, host); });
}

}  // namespace hydra_provisioner::observe
