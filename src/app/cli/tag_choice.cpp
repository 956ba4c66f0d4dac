#include "app/cli/tag_choice.hpp"

#include <algorithm>
#include <filesystem>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "model/names.hpp"

namespace hydra_provisioner::app {
namespace {

std::vector<std::string> tags_in(const std::string& state_dir) {
  std::vector<std::string> tags;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(state_dir, ignored)) {
    if (entry.path().extension() == ".sqlite") tags.push_back(entry.path().stem());
  }
  std::ranges::sort(tags);
  return tags;
}

}  // namespace

Expected<std::string> choose_tag(const Options& options) {
  const std::vector<std::string> tags = tags_in(options.state_dir);
  const auto none = [&](const std::string& what) {
    return failure(
        fmt::format("{}: no journal{}; name its folder by --state-dir, or run a pass first", options.state_dir, what));
  };
  if (tags.empty()) return none("");
  if (!options.tag.empty()) {
    if (std::ranges::find(tags, options.tag) != tags.end()) return options.tag;
    return none(fmt::format(" of tag {}, only of {}", options.tag, fmt::join(tags, ", ")));
  }
  if (tags.size() == 1) return tags.front();
  for (const std::string& tag : tags) {
    if (!options.arguments.empty() && is_of(Tag{tag}, MachineId{options.arguments.front()})) return tag;
  }
  return failure(
      fmt::format("{}: journals of several tags: {}; choose one by --tag", options.state_dir, fmt::join(tags, ", ")));
}

}  // namespace hydra_provisioner::app
