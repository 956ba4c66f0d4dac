// What `hydra-queue-runner --status` prints.
#include "observe/status_document.hpp"

#include <algorithm>

#include "tests/fuzz/document_time.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace hydra_provisioner::fuzz {

void read(std::string_view bytes) {
  const Queue queue = observe::read_status_document(bytes, time_of(bytes));
  if (!queue) return expect(!queue.error().why.empty(), "a document that is not trusted has a reason");
  expect(std::ranges::all_of(queue->step_types,
                             [](const StepTypeCount& type) { return type.runnable >= 0 && type.running >= 0; }),
         "no count is negative");
}

}  // namespace hydra_provisioner::fuzz
