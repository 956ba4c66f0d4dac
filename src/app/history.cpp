#include "app/history.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/exit_status.hpp"
#include "app/known_names.hpp"
#include "app/output.hpp"
#include "app/when.hpp"
#include "io/clock.hpp"
#include "io/json.hpp"

namespace hydra_provisioner {
namespace {

constexpr Seconds usual_span{24 * 3600};

// The same trouble is not told of every pass that has it.
void add_troubles(std::vector<Happening>& all, const std::vector<ArchivedPass>& passes) {
  std::string before;
  for (const ArchivedPass& pass : passes) {
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
  return fmt::format("{}  {:<28} {:<10} {}\n", local_time(happening.time),
                     happening.machine.empty() ? "-" : happening.machine, happening.what, happening.reason);
}

nlohmann::json document_of(const std::vector<Happening>& all, Instant since) {
  Json events = Json::array();
  for (const auto& [time, machine, pool, what, reason] : all) {
    events.push_back(
        {{"time", to_unix(time)}, {"machine", machine}, {"pool", pool}, {"event", what}, {"reason", reason}});
  }
  return {{"formatVersion", 1}, {"since", to_unix(since)}, {"events", std::move(events)}};
}

}  // namespace

std::vector<Happening> happenings(const Archive& archive, Instant since, const std::string& name) {
  std::vector<Happening> all;
  for (const JournalEvent& event : archive.events(since)) {
    if (!name.empty() && event.machine.text != name && event.pool.text != name) continue;
    all.push_back({event.time, event.machine.text, event.pool.text, event.kind, event.reason});
  }
  if (name.empty()) add_troubles(all, archive.passes(since));
  std::ranges::stable_sort(all, {}, &Happening::time);
  return all;
}

int tell_history(const Archive& archive, const Options& options, TerminalVoice& voice) {
  const std::string name = options.arguments.empty() ? "" : options.arguments.front();
  if (const auto known = name.empty() ? Expected<Known>(Known::type) : look_up(archive, name); !known) {
    voice.problem(known.error().message);
    return exit_status::usage;
  }
  const Instant since = options.since.value_or(SystemClock{}.now() - usual_span);
  const auto all = happenings(archive, since, name);
  std::string text;
  if (options.json) text = pretty(document_of(all, since));
  for (const Happening& happening : all) {
    if (!options.json) text += line_of(happening);
  }
  if (all.empty()) voice.note(fmt::format("nothing happened since {}", local_time(since)));
  return print(text, voice) ? exit_status::done : exit_status::failed;
}

}  // namespace hydra_provisioner
