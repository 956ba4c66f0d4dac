// A queue runner that says what it is told to.
#pragma once

#include <expected>

#include "observe/queue_source.hpp"

namespace hydra_provisioner {

class FakeQueue final : public QueueSource {
 public:
  Queue says = QueueStatus{};

  Task<Queue> read() override { co_return says; }
};

}  // namespace hydra_provisioner
