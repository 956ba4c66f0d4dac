// What the queue runner in Rust answers: its three documents, separated by lines `---`.
#include "observe/rust_documents.hpp"

#include <algorithm>
#include <string>

#include <nlohmann/json.hpp>

#include "io/text/iso_time.hpp"
#include "io/text/json.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace hydra_provisioner::fuzz {
namespace {

std::string next_document(std::string_view& bytes) {
  constexpr std::string_view separator = "\n---\n";
  const auto end = std::min(bytes.find(separator), bytes.size());
  std::string document(bytes.substr(0, end));
  bytes.remove_prefix(std::min(end + separator.size(), bytes.size()));
  return document;
}

// The document's own time, so that it is not refused for that alone.
Instant time_of(const std::string& status) {
  const auto json = io::parse_json(status);
  if (!json || !json->is_object() || !json->contains("queueRunner")) return {};
  const io::Json& runner = json->at("queueRunner");
  if (!runner.is_object() || !runner.contains("time") || !runner.at("time").is_string()) return {};
  return io::parse_iso_time(runner.at("time").get<std::string>()).value_or(Instant{});
}

}  // namespace

void read(std::string_view bytes) {
  observe::RustDocuments documents{.status = next_document(bytes), .queues = next_document(bytes), .builds = {}};
  documents.builds = bytes;
  auto queue = observe::read_rust_documents(documents, time_of(documents.status));
  if (!queue) return expect(!queue.error().message.empty(), "documents that are not trusted have a reason");
  observe::RequiredFeatures features;
  for (const observe::QueuedStep& step : queue->steps) features.emplace(step.derivation, std::set<std::string>{"kvm"});
  const auto steps = std::ssize(queue->steps);
  const QueueStatus status = observe::with_step_types(*std::move(queue), features);
  std::int64_t counted = 0;
  for (const StepTypeCount& type : status.step_types) counted += type.runnable + type.running;
  expect(counted == steps, "each step is counted once");
}

}  // namespace hydra_provisioner::fuzz
