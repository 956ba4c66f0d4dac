#include "review/history.hpp"

#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "decide/sorting.hpp"
#include "io/text/json.hpp"
#include "io/text/local_time.hpp"
#include "io/text/printable.hpp"
#include "io/text/wording.hpp"

namespace hydra_provisioner::review {
namespace {

// A problem is shown once, and not for every pass that has it.
std::vector<Event> problems_of(const std::vector<state::ArchivedPass>& passes) {
  std::vector<Event> all;
  std::string before;
  for (const state::ArchivedPass& pass : passes) {
    if (pass.trouble == before) continue;
    before = pass.trouble;
    all.push_back({.time = pass.start,
                   .machine = "",
                   .pool = "",
                   .what = fmt::format("pass {}", pass.number),
                   .reason = before.empty() ? "everything is seen and trusted again" : before});
  }
  decide::sort_by_key(all, [](const Event& event) { return event.time; });
  return all;
}

}  // namespace

History::History(const state::Archive& archive, Instant since, const std::string& name, Failed failed)
    : events_(archive.read_events(since, name)) {
  if (failed == Failed::cause) shortened_ = archive.never_ready();
  shortened_.erase(MachineId{name});
  if (name.empty()) of_passes_ = problems_of(archive.passes(since));
  read_ahead_ = next_of_machines();
}

std::optional<Event> History::next_of_machines() {
  while (const auto event = events_.next()) {
    const bool is_told = event->kind == to_string(MachineState::failed) || event->kind == "ordered";
    if (!is_told && shortened_.contains(event->machine)) continue;
    return Event{event->time, event->machine.text, event->pool.text, event->kind, event->reason};
  }
  return std::nullopt;
}

std::optional<Event> History::next() {
  const bool has_pass = passes_read_ < of_passes_.size();
  if (has_pass && (!read_ahead_ || of_passes_[passes_read_].time < read_ahead_->time))
    return of_passes_[passes_read_++];
  return std::exchange(read_ahead_, read_ahead_ ? next_of_machines() : std::nullopt);
}

std::vector<Event> events_of(const state::Archive& archive, Instant since, const std::string& name) {
  History history(archive, since, name);
  std::vector<Event> all;
  while (auto event = history.next()) all.push_back(*std::move(event));
  return all;
}

std::string line_of(const Event& event) {
  return fmt::format("{}  {:<28} {:<10} {}\n", io::local_time(event.time), event.machine.empty() ? "-" : event.machine,
                     event.what, io::with_spans(io::printable_line(event.reason)));
}

nlohmann::json value_of(const Event& event) {
  return {{"time", to_unix(event.time)},
          {"machine", event.machine},
          {"pool", event.pool},
          {"event", event.what},
          {"reason", event.reason}};
}

}  // namespace hydra_provisioner::review
