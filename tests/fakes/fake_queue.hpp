// A queue runner whose answer a test sets.
#pragma once

#include <expected>

#include "observe/queue_source.hpp"
#include "tests/fakes/fake_clock.hpp"

namespace hydra_provisioner::fakes {

class FakeQueue final : public observe::QueueSource {
 public:
  explicit FakeQueue(FakeClock& clock) : clock_(clock) {}

  Queue says = QueueStatus{};

  io::Task<Queue> read() override {
    co_await clock_.sleep_a_moment();
    co_return says;
  }

 private:
  FakeClock& clock_;
};

}  // namespace hydra_provisioner::fakes
