// What the program of `queue.command` prints.
#include "observe/queue_document.hpp"

#include <algorithm>

#include "tests/fuzz/document_time.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace hydra_provisioner::fuzz {
namespace {

bool is_usable(const StepTypeCount& type) {
  return type.runnable >= 0 && type.running >= 0 && parse_step_type(type.key) == type.type;
}

}  // namespace

void read(std::string_view bytes) {
  const Queue queue = observe::read_queue_document(bytes, time_of(bytes));
  if (!queue) return expect(!queue.error().why.empty(), "a document that is not trusted has a reason");
  expect(queue->from_program, "the document is known for one of a program");
  expect(std::ranges::all_of(queue->step_types, is_usable), "counts are not negative, and keys name their types");
  if (!queue->machines) return;
  for (const auto& [name, machine] : *queue->machines)
    expect(machine.idle_since != Instant{}, "no machine is idle since ever");
}

}  // namespace hydra_provisioner::fuzz
