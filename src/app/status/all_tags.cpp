#include "app/status/all_tags.hpp"

#include <cstdint>
#include <map>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "app/cli/table.hpp"
#include "app/inputs/journal.hpp"
#include "app/status/status_document.hpp"
#include "io/async/clock.hpp"
#include "io/text/json.hpp"
#include "io/text/wording.hpp"
#include "state/journal.hpp"

namespace hydra_provisioner::app {
namespace {

TagState state_of(const state::JournalPlace& place, const std::string& state_dir) {
  const auto memory = state::look(place, io::SystemClock{}.now());
  if (!memory) return {.tag = place.tag, .last_pass = {}, .trouble = memory.error().message};
  const auto& delivery = memory->last_delivery;
  return {.tag = place.tag,
          .last_pass = last_pass(state_dir, place, memory->last_pass, delivery ? delivery->trouble : std::nullopt),
          .machines = states_of(memory->machines)};
}

TableRow row_of(const TagState& tag) {
  const LastPass& last = tag.last_pass;
  std::vector<std::string> standbys;
  standbys.reserve(last.standbys.size());
  for (const state::Standby& standby : last.standbys) standbys.push_back(standby.host.name);
  std::string note = tag.trouble;
  if (note.empty() && last.unpublished) note = unpublished_text(*last.unpublished);
  const bool is_bad = !note.empty() || last.is_overdue(Seconds{0});
  return {{tag.tag.text},
          {last.began == Instant{} ? "-" : io::span_text(std::max(last.ago(), Seconds{0})) + " ago",
           is_bad ? colors::bad : std::string_view{}},
          {last.maker ? last.maker->host : "-"},
          {standbys.empty() ? "-" : fmt::format("{}", fmt::join(standbys, " "))},
          {tag.machines.empty() ? "none" : states_text(tag.machines)},
          {note, colors::bad}};
}

}  // namespace

Expected<std::vector<TagState>> all_tags(const Config& config, const std::string& state_dir) {
  const auto places = journals_at(config.journal, state_dir);
  if (!places) return std::unexpected(places.error());
  std::vector<TagState> tags;
  for (const state::JournalPlace& place : *places) tags.push_back(state_of(place, state_dir));
  return tags;
}

std::string all_tags_text(const std::vector<TagState>& tags, const Screen& screen) {
  std::vector<TableRow> rows;
  rows.reserve(tags.size());
  for (const TagState& tag : tags) rows.push_back(row_of(tag));
  return table_text({{"TAG"}, {"LAST PASS"}, {"HOST"}, {"STANDBYS"}, {"MACHINES"}, {"NOTE"}}, std::move(rows), screen);
}

io::Json all_tags_document(const std::vector<TagState>& tags) {
  io::Json all = io::Json::array();
  for (const TagState& tag : tags) {
    io::Json document{{"tag", tag.tag.text}, {"machines", io::Json::object()}};
    std::map<MachineState, std::int64_t> counts;
    for (const MachineState state : tag.machines) ++counts[state];
    for (const auto& [state, count] : counts) document["machines"][to_string(state)] = count;
    add_passes(document, tag.last_pass);
    document["trouble"] = tag.trouble.empty() ? io::Json(nullptr) : io::Json(tag.trouble);
    all.push_back(std::move(document));
  }
  return {{"formatVersion", 1}, {"tags", std::move(all)}};
}

}  // namespace hydra_provisioner::app
