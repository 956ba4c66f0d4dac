#include "providers/nixops/specification/ingredients.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <map>
#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "io/file/files.hpp"
#include "io/text/hash.hpp"
#include "io/text/json.hpp"

namespace hydra_provisioner::providers::nixops {
namespace {

namespace fs = std::filesystem;

// An expression may name /home.
constexpr int names_to_see = 50'000;
constexpr std::size_t bytes_to_read = std::size_t{64} << 20;
constexpr std::size_t bytes_of_a_file_min = std::size_t{32} << 10;  // opening one costs as much

std::string real_path(const std::string& path) {
  std::error_code error;
  const fs::path real = fs::canonical(path, error);
  return error ? "" : real.string();
}

bool is_in(std::string_view path, std::string_view folder) {
  return !folder.empty() && path.starts_with(folder) && path.substr(folder.size()).starts_with('/');
}

// Editors make `.x.nix.swp`, `x.nix~`, `#x.nix#` while a file is edited.
bool is_made_by_editor(std::string_view name) {
  return name.starts_with('.') || name.starts_with('#') || name.ends_with('~');
}

std::vector<std::string> files_in(const std::string& folder, bool is_tree) {
  std::vector<std::string> files;
  std::error_code error;
  fs::recursive_directory_iterator entry(folder, fs::directory_options::skip_permission_denied, error);
  for (int seen = 0; !error && entry != fs::recursive_directory_iterator() && seen < names_to_see; ++seen) {
    const std::string name = entry->path().filename().string();
    const bool is_wanted = is_tree ? name != ".git" : !is_made_by_editor(name);
    std::error_code ignored;
    if (is_wanted && entry->is_regular_file(ignored)) files.push_back(entry->path().string());
    if (!is_tree || !is_wanted) entry.disable_recursion_pending();
    entry.increment(error);
  }
  return files;
}

// No value: there is nothing of that name. Once `bytes_left` are read, files count by size and time.
std::optional<std::string> content_of(const std::string& path, std::size_t& bytes_left) {
  std::error_code error;
  if (!fs::exists(path, error)) return std::nullopt;
  const std::uintmax_t size = fs::file_size(path, error);
  if (error) return "no file";
  if (std::max<std::uintmax_t>(size, bytes_of_a_file_min) <= bytes_left) {
    if (const auto read = io::read_file(path, bytes_left); read && *read) {
      bytes_left -= std::max((*read)->size(), bytes_of_a_file_min);
      return io::content_hash(**read);
    }
  }
  return fmt::format("{} bytes of {}", size, fs::last_write_time(path, error).time_since_epoch().count());
}

struct Parts {
  std::string kind;
  std::string name;
};

Parts parts_of(const std::string& ingredient) {
  const std::size_t blank = std::min(ingredient.find(' '), ingredient.size());
  return {ingredient.substr(0, blank), ingredient.substr(std::min(blank + 1, ingredient.size()))};
}

}  // namespace

std::vector<std::string> files_of(const std::string& ingredient) {
  const auto [kind, name] = parts_of(ingredient);
  if (kind != "file" && kind != "tree" && kind != "folder") return {};
  std::error_code ignored;
  return kind == "file" || !fs::is_directory(name, ignored) ? std::vector{name} : files_in(name, kind == "tree");
}

OwnModules::OwnModules(const std::string& folder) : folders_{folder, real_path(folder)} {}

std::string OwnModules::name_of(const std::string& path) const {
  for (const std::string& own : folders_) {
    if (is_in(path, own)) return "<hydra-provisioner>" + path.substr(own.size());
  }
  return path;
}

// Each text after its length, so that no two collections look the same.
std::string hash_of(const Ingredients& ingredients, const OwnModules& own_modules) {
  std::map<std::string, std::string> counted;
  std::set<std::string> files;
  for (const std::string& ingredient : ingredients) {
    const auto [kind, name] = parts_of(ingredient);
    if (kind == "text") counted.emplace(ingredient, "");
    if (kind == "place") counted.emplace("place " + own_modules.name_of(name), real_path(name));
    std::ranges::move(files_of(ingredient), std::inserter(files, files.end()));
  }
  std::size_t bytes_left = bytes_to_read;
  for (const std::string& file : files) {
    auto content = content_of(file, bytes_left);
    if (content) counted.emplace("file " + own_modules.name_of(file), *std::move(content));
  }
  std::string all;
  for (const auto& [name, text] : counted) all += fmt::format("{}:{}{}:{}", name.size(), name, text.size(), text);
  return io::content_hash(all);
}

std::optional<Recipe> remembered(const std::string& file) {
  const auto text = io::read_file(file, bytes_to_read);
  if (!text || !*text) return std::nullopt;
  const auto json = io::parse_json(**text);
  if (!json || !json->is_object()) return std::nullopt;
  const auto question = io::as_text(json->value("question", io::Json()));
  const auto hash = io::as_text(json->value("hash", io::Json()));
  const auto ingredients = io::as_texts(json->value("ingredients", io::Json()));
  if (!question || !hash || !ingredients) return std::nullopt;
  return Recipe{*question, Ingredients(ingredients->begin(), ingredients->end()), *hash};
}

// Where this fails, the next pass finds everything out once more.
void remember(const std::string& file, const Recipe& recipe) {
  const io::Json json = {{"question", recipe.question}, {"ingredients", recipe.ingredients}, {"hash", recipe.hash}};
  if (!io::make_folder(fs::path(file).parent_path().string(), 0700)) return;
  static_cast<void>(io::replace_file(file, io::pretty(json), 0600));
}

}  // namespace hydra_provisioner::providers::nixops
