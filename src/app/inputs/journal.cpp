#include "app/inputs/journal.hpp"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "io/async/clock.hpp"
#include "io/file/files.hpp"
#include "io/file/own_file.hpp"
#include "io/postgres_servers.hpp"
#include "state/hosts.hpp"

namespace hydra_provisioner::app {
namespace {

constexpr std::string_view record_suffix = ".journal.json";

// Says where the journal of a tag is that is not a file beside it.
std::string record_of(const std::string& state_dir, const Tag& tag) {
  return fmt::format("{}/{}{}", state_dir, tag, record_suffix);
}

struct RecordedPlace {
  state::JournalPlace place;
  Owner owner;
};

Expected<std::optional<RecordedPlace>> recorded_place(const std::string& state_dir, const Tag& tag) {
  return io::read_own_file(record_of(state_dir, tag), [&](const io::Json& json) -> Expected<RecordedPlace> {
    return RecordedPlace{.place = {.tag = tag, .server = json.at("server").get<std::string>()},
                         .owner = Owner{json.at("owner").get<std::string>()}};
  });
}

std::vector<Tag> tags_of(const std::vector<state::JournalPlace>& places) {
  std::vector<Tag> tags;
  tags.reserve(places.size());
  for (const state::JournalPlace& place : places) tags.push_back(place.tag);
  return tags;
}

Expected<state::JournalPlace> choose(const std::string& state_dir, const JournalChoice& choice,
                                     const std::string& machine) {
  const auto places = journals_at(choice.server, state_dir);
  if (!places) return std::unexpected(places.error());
  const std::string where = choice.server.empty() ? state_dir : io::shown_connection(choice.server);
  const auto none = [&](const std::string& what) {
    return failure(fmt::format("{}: no journal{}; name its folder by --state-dir, or run a pass first", where, what));
  };
  if (places->empty()) return none("");
  if (!choice.tag.empty()) {
    const auto found = std::ranges::find(*places, Tag{choice.tag}, &state::JournalPlace::tag);
    if (found != places->end()) return *found;
    return none(fmt::format(" of tag {}, only of {}", choice.tag, fmt::join(tags_of(*places), ", ")));
  }
  if (places->size() == 1) return places->front();
  for (const state::JournalPlace& place : *places) {
    if (is_of(place.tag, MachineId{machine})) return place;
  }
  return failure(
      fmt::format("{}: journals of several tags: {}; choose one by --tag", where, fmt::join(tags_of(*places), ", ")));
}

}  // namespace

void declare_server(Arguments& arguments, std::string& server) {
  arguments.option("--journal", "DATABASE", into(server), "the journal is in this PostgreSQL database");
}

void declare_tag(Arguments& arguments, std::string& tag) {
  arguments.option("--tag", "TAG", into(tag, Names::tag), "use the journal of this tag, if there are several");
}

void declare_journal(Arguments& arguments, JournalChoice& choice) {
  declare_tag(arguments, choice.tag);
  declare_server(arguments, choice.server);
}

std::vector<state::JournalPlace> journals_of(const std::string& state_dir) {
  std::vector<state::JournalPlace> places;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(state_dir, ignored)) {
    const std::string name = entry.path().filename();
    if (entry.path().extension() == ".sqlite") {
      places.push_back(state::in_state_dir(state_dir, Tag{entry.path().stem()}));
    } else if (name.ends_with(record_suffix)) {
      const auto recorded = recorded_place(state_dir, Tag{name.substr(0, name.size() - record_suffix.size())});
      if (recorded && *recorded) places.push_back((**recorded).place);
    }
  }
  std::ranges::sort(places, {}, &state::JournalPlace::tag);
  return places;
}

Expected<std::vector<state::JournalPlace>> journals_at(const std::string& server, const std::string& state_dir) {
  if (server.empty()) return journals_of(state_dir);
  auto tags = state::tags_at(server);
  if (!tags) return std::unexpected(std::move(tags.error()));
  std::vector<state::JournalPlace> places;
  for (Tag& tag : *tags) places.push_back({.tag = std::move(tag), .server = server});
  return places;
}

std::expected<std::vector<OpenJournal>, Failure> open_all_journals(const std::string& state_dir,
                                                                   const std::string& server) {
  if (auto own = io::expect_own_folder(state_dir); !own) return failed(std::move(own.error()));
  const auto places = journals_at(server, state_dir);
  if (!places) return failed(places.error());
  std::vector<OpenJournal> journals;
  for (const state::JournalPlace& place : *places) {
    auto archive = state::Archive::open(place);
    if (!archive) return failed(std::move(archive.error()));
    journals.push_back({.tag = place.tag, .archive = *std::move(archive)});
  }
  if (journals.empty())
    return misused({fmt::format("{}: no journal", server.empty() ? state_dir : io::shown_connection(server))});
  return journals;
}

std::expected<OpenJournal, Failure> open_journal(const std::string& state_dir, const JournalChoice& choice,
                                                 const std::string& machine) {
  if (auto own = io::expect_own_folder(state_dir); !own) return failed(std::move(own.error()));
  auto place = choose(state_dir, choice, machine);
  if (!place) return misused(std::move(place.error()));
  const auto ahead = state::clock_ahead(*place);
  if (!ahead) return failed(ahead.error());
  io::set_clock_ahead(*ahead);
  auto archive = state::Archive::open(*place);
  if (!archive) return failed(std::move(archive.error()));
  return OpenJournal{.tag = place->tag, .archive = *std::move(archive)};
}

Expected<void> record_place(const state::JournalPlace& place, const Owner& owner, const std::string& state_dir) {
  const std::string record = record_of(state_dir, place.tag);
  if (!place.is_shared()) return io::remove_replaceable(record);
  const auto known = recorded_place(state_dir, place.tag);
  if (known && *known && (**known).place.server == place.server && (**known).owner == owner) return {};
  return io::write_own_file(record, {{"server", place.server}, {"owner", owner.text}});
}

Expected<void> expect_owner(const state::JournalPlace& place, const Owner& owner, const std::string& state_dir) {
  const auto known = recorded_place(state_dir, place.tag);
  if (!known) return std::unexpected(known.error());
  if (!*known || (**known).owner == owner) return {};
  return failure(
      fmt::format("{} is not the journal that this host has known: that had the machines of {}, and this one "
                  "has those of {}; if it is the right one, remove {}",
                  place.described(), (**known).owner, owner, record_of(state_dir, place.tag)));
}

Expected<void> settle_at(const state::JournalPlace& place, const std::string& state_dir) {
  const auto recorded = recorded_place(state_dir, place.tag);
  if (!recorded) return std::unexpected(recorded.error());
  std::error_code ignored;
  const state::JournalPlace file = state::in_state_dir(state_dir, place.tag);
  if (place.is_shared() && std::filesystem::exists(file.file, ignored))
    return failure(
        fmt::format("{0} has the journal of tag {1}; move it to the database first: hydra-provisioner "
                    "journal move {0} DATABASE",
                    file.file, place.tag));
  if (!place.is_shared() && *recorded)
    return failure(
        fmt::format("the journal of tag {} is in {}, but neither `journal` nor --journal says so; say so, or "
                    "move it: hydra-provisioner journal move DATABASE {}",
                    place.tag, (**recorded).place.described(), file.file));
  return {};
}

std::expected<void, Failure> check_name(const state::Archive& archive, const std::string& name, review::Known kind) {
  auto known = review::look_up(archive, name);
  if (!known) return misused(std::move(known.error()));
  if (*known == kind) return {};
  const bool is_type = *known == review::Known::type;
  return misused(
      {fmt::format("{} is a {}, and not a {}", name, is_type ? "type" : "machine", is_type ? "machine" : "type")});
}

}  // namespace hydra_provisioner::app
