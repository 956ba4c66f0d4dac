#include "providers/nixops/ingredients.hpp"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "io/file/files.hpp"
#include "io/text/hash.hpp"

namespace hydra_provisioner::providers::nixops {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view store = "/nix/store/";

std::string real_path(const std::string& path) {
  std::error_code error;
  const fs::path real = fs::canonical(path, error);
  return error ? "" : real.string();
}

bool is_file(const fs::directory_entry& entry) {
  std::error_code ignored;
  return entry.is_regular_file(ignored);
}

bool is_in(std::string_view path, std::string_view folder) {
  return !folder.empty() && path.starts_with(folder) && path.substr(folder.size()).starts_with('/');
}

// Editors make `.x.nix.swp`, `x.nix~`, `#x.nix#` as one types.
bool is_made_by_editor(const std::string& name) {
  return name.starts_with('.') || name.starts_with('#') || name.ends_with('~');
}

}  // namespace

Ingredients::Ingredients(const std::string& own_modules) : own_modules_{own_modules, real_path(own_modules)} {}

void Ingredients::add_text(const std::string& name, std::string text) { texts_.try_emplace(name, std::move(text)); }

void Ingredients::add_file(const std::string& path) {
  const std::string name = "file " + name_of(path);
  if (!texts_.contains(name)) texts_.emplace(name, content(path));
}

void Ingredients::add_place(const std::string& path) { add_text("place " + name_of(path), real_path(path)); }

std::vector<std::string> Ingredients::add_folder(const std::string& path) {
  std::vector<std::string> files;
  std::error_code error;
  fs::recursive_directory_iterator entry(path, fs::directory_options::skip_permission_denied, error);
  for (; !error && entry != fs::recursive_directory_iterator() && names_to_see_ > 0; entry.increment(error)) {
    --names_to_see_;
    if (entry->path().filename() == ".git") {
      entry.disable_recursion_pending();
    } else if (is_file(*entry)) {
      files.push_back(entry->path().string());
    }
  }
  return added(std::move(files));
}

std::vector<std::string> Ingredients::add_files_directly_in(const std::string& path) {
  std::vector<std::string> files;
  std::error_code error;
  fs::directory_iterator entry(path, error);
  for (; !error && entry != fs::directory_iterator() && names_to_see_ > 0; entry.increment(error)) {
    --names_to_see_;
    if (!is_made_by_editor(entry->path().filename().string()) && is_file(*entry)) {
      files.push_back(entry->path().string());
    }
  }
  return added(std::move(files));
}

std::vector<std::string> Ingredients::added(std::vector<std::string> files) {
  std::ranges::sort(files);  // when there are too many, the same ones are read each time
  for (const std::string& file : files) add_file(file);
  return files;
}

// Each text after its length, so that no two collections look the same.
std::string Ingredients::hash() const {
  std::string all;
  for (const auto& [name, text] : texts_) all += fmt::format("{}:{}{}:{}", name.size(), name, text.size(), text);
  return io::content_hash(all);
}

bool Ingredients::is_in_store(const std::string& path) const {
  return name_of(path) == path && real_path(path).starts_with(store);
}

std::string Ingredients::name_of(const std::string& path) const {
  for (const std::string& own : own_modules_) {
    if (is_in(path, own)) return "<hydra-provisioner>" + path.substr(own.size());
  }
  return path;
}

std::string Ingredients::content(const std::string& path) {
  std::error_code error;
  const std::uintmax_t size = fs::file_size(path, error);
  if (error) return "no file";
  if (files_to_read_ > 0 && size <= bytes_to_read_) {
    if (const auto read = io::read_file(path, bytes_to_read_); read && *read) {
      --files_to_read_;
      bytes_to_read_ -= (*read)->size();
      return io::content_hash(**read);
    }
  }
  return fmt::format("{} bytes of {}", size, fs::last_write_time(path, error).time_since_epoch().count());
}

}  // namespace hydra_provisioner::providers::nixops
