// A history of build steps, real or generated: when each became ready, how long it held a slot, and of which step type
// it was. docs/traces.md describes the format of files.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/time.hpp"

namespace hydra_provisioner::trace {

struct TraceStep {
  Millis ready_at{};                        // since 1970; of relative traces: since their beginning
  Millis duration{};                        // for which it holds a slot, including copying
  std::uint32_t type{};                     // index into the trace's step_types
  std::string name{};                       // may be empty, and several steps may have the same
  std::vector<std::uint32_t> depends_on{};  // indices of steps that have to end before this one becomes ready
};

struct Trace {
  std::vector<std::string> step_types;  // as the queue runner writes its keys: `x86_64-linux:benchmark,kvm`
  std::vector<TraceStep> steps;         // by ready_at
};

// Relative times count from the beginning of a Monday.
inline constexpr std::chrono::sys_days relative_times_begin{std::chrono::year{2026} / 1 / 5};
// Earlier times are relative ones: no history goes back to 1973.
inline constexpr std::chrono::seconds first_absolute_time{100'000'000};

inline constexpr std::size_t steps_max = 10'000'000;  // of a trace that is read

// When the step that was ready first was ready, in Unix time.
std::chrono::sys_time<Millis> begin_of(const Trace& trace);

// When each step becomes ready if no step ever waits for a machine: at its own time, or when the last of those that it
// depends on has ended. No value: the step depends on itself, perhaps through others.
std::vector<std::optional<Millis>> ready_without_waiting(const Trace& trace);

}  // namespace hydra_provisioner::trace
