// What the program of `queue.command` prints.
#include "observe/queue_document.hpp"

#include <algorithm>
#include <cstdint>

#include <nlohmann/json.hpp>

#include "io/text/json.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace hydra_provisioner::fuzz {
namespace {

// The document's own time, so that it is not refused for that alone.
Instant time_of(std::string_view bytes) {
  const auto json = io::parse_json(bytes);
  if (!json || !json->is_object() || !json->contains("time")) return {};
  return from_unix(io::as_whole_number(json->at("time"), 0, 4'000'000'000).value_or(0));
}

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
