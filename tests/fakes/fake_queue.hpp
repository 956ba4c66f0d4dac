// A queue runner that says what it is told to.
#pragma once

#include <expected>

#include "observe/queue_source.hpp"

namespace hydra_provisioner::fakes {

class FakeQueue final : public observe::QueueSource {
 public:
  Queue says = QueueStatus{};

  io::Task<Queue> read() override { co_return says; }
};

}  // namespace hydra_provisioner::fakes
