#include <utility>

#include "io/async/event.hpp"
#include "observe/queue_source.hpp"

namespace hydra_provisioner::observe {

// Ends with its reader, whether or not that had an answer.
struct PatientQueue::Reading {
  io::Event has_ended;
  std::optional<Queue> answer;
};

io::Task<Queue> PatientQueue::read() {
  if (const auto other = reading_.lock(); other && !other->has_ended.is_set()) {
    co_await other->has_ended.wait();
    if (other->answer) co_return *other->answer;
  }
  const auto reading = std::make_shared<Reading>();
  const std::unique_ptr<Reading, decltype([](Reading* own) { own->has_ended.set(); })> end(reading.get());
  const auto source = source_;
  reading_ = reading;
  reading->answer = co_await source->read();
  co_return *reading->answer;
}

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
