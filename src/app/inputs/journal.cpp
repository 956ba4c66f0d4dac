#include "app/inputs/journal.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "io/file/files.hpp"
#include "state/sqlite_journal.hpp"

namespace hydra_provisioner::app {
std::vector<std::string> tags_in(const std::string& state_dir) {
  std::vector<std::string> tags;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(state_dir, ignored)) {
    if (entry.path().extension() == ".sqlite") tags.push_back(entry.path().stem());
  }
  std::ranges::sort(tags);
  return tags;
}

namespace {

Expected<std::string> choose_tag(const std::string& state_dir, const std::string& wanted, const std::string& machine) {
  const std::vector<std::string> tags = tags_in(state_dir);
  const auto none = [&](const std::string& what) {
    return failure(
        fmt::format("{}: no journal{}; name its folder by --state-dir, or run a pass first", state_dir, what));
  };
  if (tags.empty()) return none("");
  if (!wanted.empty()) {
    if (std::ranges::find(tags, wanted) != tags.end()) return wanted;
    return none(fmt::format(" of tag {}, only of {}", wanted, fmt::join(tags, ", ")));
  }
  if (tags.size() == 1) return tags.front();
  for (const std::string& tag : tags) {
    if (is_of(Tag{tag}, MachineId{machine})) return tag;
  }
  return failure(
      fmt::format("{}: journals of several tags: {}; choose one by --tag", state_dir, fmt::join(tags, ", ")));
}

}  // namespace

void declare_tag(Arguments& arguments, std::string& tag) {
  arguments.option("--tag", "TAG", into(tag, Names::tag), "use the journal of this tag, if there are several");
}

std::expected<OpenJournal, Failure> open_journal(const std::string& state_dir, const std::string& tag,
                                                 const std::string& machine) {
  if (auto own = io::expect_own_folder(state_dir); !own) return failed(std::move(own.error()));
  auto chosen = choose_tag(state_dir, tag, machine);
  if (!chosen) return misused(std::move(chosen.error()));
  std::string path = state::journal_file(state_dir, Tag{*chosen});
  auto archive = state::Archive::open(path);
  if (!archive) return failed(std::move(archive.error()));
  return OpenJournal{.tag = Tag{*std::move(chosen)}, .path = std::move(path), .archive = *std::move(archive)};
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
