#include "sim/queue_source.hpp"

#include "observe/status_document.hpp"

namespace hydra_provisioner::sim {
namespace {

constexpr Millis usual_duration{40};
constexpr Seconds wrong_clock{300};

}  // namespace

// An old document is one that took as long to arrive.
io::Task<Queue> SimQueueSource::read() {
  life_.waypoint();
  const Time now = timeline_.now();
  if (told_ == Told::as_read) co_return runner_.status(clock_.now());
  if (now < trouble_.status_fails) {
    co_await clock_.sleep_for(Seconds{30});
    co_return std::unexpected(Untrusted{"the command timed out"});
  }
  if (runner_.is_down()) co_return observe::read_status_document(R"({"status":"down"})", clock_.now());
  const std::string text = runner_.status_document();
  if (now < trouble_.status_has_wrong_clock) co_return observe::read_status_document(text, clock_.now() + wrong_clock);
  if (now < trouble_.status_has_no_machines) {
    const std::string without =
        text.substr(0, text.find(R"("machines")")) + text.substr(text.find(R"("machineTypes")"));
    co_return observe::read_status_document(without, clock_.now());
  }
  co_await clock_.sleep_for(now < trouble_.status_is_old ? Millis(trouble_.status_age) : usual_duration);
  co_return observe::read_status_document(text, clock_.now());
}

}  // namespace hydra_provisioner::sim
