// What happened, line by line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "state/archive.hpp"

namespace hydra_provisioner::review {

// An event of a machine. If `machine` is empty, of a pass: it could not see or trust everything, for another reason
// than the pass before it; or it could again.
struct Event {
  Instant time;
  std::string machine;
  std::string pool;
  std::string what;  // the machine's new state; "pass 7"
  std::string reason;
};

// How much of a machine that failed and was never ready: all of it, or that it failed, and why.
enum class Failed : std::uint8_t { whole, cause };

// The events of the machine or pool, or all if `name` is empty, by time. It must not outlive the archive.
class History {
 public:
  History(const state::Archive& archive, Instant since, const std::string& name, Failed failed = Failed::whole);
  std::optional<Event> next();

 private:
  std::optional<Event> next_of_machines();

  state::EventReader events_;
  std::set<MachineId> shortened_;  // machines of which only the failures are told
  std::vector<Event> of_passes_;
  std::size_t passes_read_ = 0;
  std::optional<Event> read_ahead_;
};

// All of them at once.
std::vector<Event> events_of(const state::Archive& archive, Instant since, const std::string& name);

// A line for people, and an object for programs.
std::string line_of(const Event& event);
nlohmann::json value_of(const Event& event);

}  // namespace hydra_provisioner::review
