#include "review/history.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "decide/sorting.hpp"
#include "io/text/json.hpp"
#include "io/text/local_time.hpp"

namespace hydra_provisioner::review {
namespace {

// A problem is shown once, and not for every pass that has it.
void add_problems_of_passes(std::vector<Event>& all, const std::vector<state::ArchivedPass>& passes) {
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
}

std::string line_of(const Event& event) {
  return fmt::format("{}  {:<28} {:<10} {}\n", io::local_time(event.time), event.machine.empty() ? "-" : event.machine,
                     event.what, event.reason);
}

}  // namespace

std::vector<Event> events_of(const state::Archive& archive, Instant since, const std::string& name) {
  std::vector<Event> all;
  for (const state::JournalEvent& event : archive.events(since)) {
    if (!name.empty() && event.machine.text != name && event.pool.text != name) continue;
    all.push_back({event.time, event.machine.text, event.pool.text, event.kind, event.reason});
  }
  if (name.empty()) add_problems_of_passes(all, archive.passes(since));
  decide::sort_by_key(all, [](const Event& event) { return event.time; });
  return all;
}

nlohmann::json history_document(const std::vector<Event>& all, Instant since) {
  io::Json events = io::Json::array();
  for (const auto& [time, machine, pool, what, reason] : all) {
    events.push_back(
        {{"time", to_unix(time)}, {"machine", machine}, {"pool", pool}, {"event", what}, {"reason", reason}});
  }
  return {{"formatVersion", 1}, {"since", to_unix(since)}, {"events", std::move(events)}};
}

std::string history_text(const std::vector<Event>& all) {
  std::string text;
  for (const Event& event : all) text += line_of(event);
  return text;
}

}  // namespace hydra_provisioner::review
