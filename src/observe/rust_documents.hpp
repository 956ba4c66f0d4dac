// Reads what the queue runner in Rust (Hydra since March 2026) says about itself over HTTP.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "model/error.hpp"
#include "model/queue.hpp"
#include "model/time.hpp"

namespace hydra_provisioner::observe {

// The answers to GET /status, /status/queues (or /status/queues/main) and /status/builds, of the same moment.
struct RustDocuments {
  std::string status;
  std::string queues;
  std::string builds;
};

// A step that waits, or that is on a machine. No document says which features it requires: its derivation does.
struct QueuedStep {
  std::string derivation;  // its base name in the store: `HASH-NAME.drv`
  std::string system;      // `builtin` too
  bool is_running = false;
};

struct RustQueue {
  QueueStatus status;  // without its step types
  std::vector<QueuedStep> steps;
  // Steps that wait, but of which the lowest build that ever needed them has ended. Either the queue runner goes on
  // listing steps that no build needs, as it does while no machine has their system, or a later build needs them.
  std::vector<QueuedStep> doubtful;
  std::vector<std::string> builds;  // the derivations of all builds that have not ended, the oldest build first
};

// `arrived` is our clock when the documents were complete. The message says what makes them untrustworthy.
Expected<QueueStatus> read_rust_status(const std::string& document, Instant arrived);  // /status, which has no steps
Expected<RustQueue> read_rust_documents(const RustDocuments& documents, Instant arrived);

// The features that the derivations of steps require; a step whose derivation could not be read counts as nothing, and
// is mentioned in the remarks.
using RequiredFeatures = std::map<std::string, Expected<std::set<std::string>>>;
QueueStatus with_step_types(RustQueue queue, const RequiredFeatures& features);

// A remark: "2 steps are not counted, because …: /nix/store/….drv is not in this host's store".
std::string not_counted(std::int64_t steps, std::string_view why_one, std::string_view why_many,
                        std::string_view cause);

}  // namespace hydra_provisioner::observe
