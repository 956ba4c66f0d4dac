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

// The same trouble is not told of every pass that has it.
void add_troubles(std::vector<Happening>& all, const std::vector<state::ArchivedPass>& passes) {
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

std::string line_of(const Happening& happening) {
  return fmt::format("{}  {:<28} {:<10} {}\n", io::local_time(happening.time),
                     happening.machine.empty() ? "-" : happening.machine, happening.what, happening.reason);
}

}  // namespace

std::vector<Happening> happenings(const state::Archive& archive, Instant since, const std::string& name) {
  std::vector<Happening> all;
  for (const state::JournalEvent& event : archive.events(since)) {
    if (!name.empty() && event.machine.text != name && event.pool.text != name) continue;
    all.push_back({event.time, event.machine.text, event.pool.text, event.kind, event.reason});
  }
  if (name.empty()) add_troubles(all, archive.passes(since));
  decide::sort_by_key(all, [](const Happening& happening) { return happening.time; });
  return all;
}

nlohmann::json history_document(const std::vector<Happening>& all, Instant since) {
  io::Json events = io::Json::array();
  for (const auto& [time, machine, pool, what, reason] : all) {
    events.push_back(
        {{"time", to_unix(time)}, {"machine", machine}, {"pool", pool}, {"event", what}, {"reason", reason}});
  }
  return {{"formatVersion", 1}, {"since", to_unix(since)}, {"events", std::move(events)}};
}

std::string history_text(const std::vector<Happening>& all) {
  std::string text;
  for (const Happening& happening : all) text += line_of(happening);
  return text;
}

}  // namespace hydra_provisioner::review
