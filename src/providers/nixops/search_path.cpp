#include "providers/nixops/search_path.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

namespace hydra_provisioner::providers::nixops {
namespace {

// Where Nix looks when nobody says.
constexpr std::array<std::string_view, 2> usual_entries{
    "nixpkgs=/nix/var/nix/profiles/per-user/root/channels/nixpkgs",
    "/nix/var/nix/profiles/per-user/root/channels",
};

bool exists(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

// What follows an entry's name: `/x.nix` of `conf/x.nix`. No value when it is another name.
std::optional<std::string> after(std::string_view entry, std::string_view name) {
  if (entry.empty()) return std::string("/").append(name);
  if (!name.starts_with(entry)) return std::nullopt;
  std::string rest(name.substr(entry.size()));
  if (!rest.empty() && !rest.starts_with('/')) return std::nullopt;
  return rest;
}

std::string_view place_of(std::string_view entry) {
  const std::size_t equals = entry.find('=');
  return equals == std::string_view::npos ? entry : entry.substr(equals + 1);
}

}  // namespace

bool SearchPath::is_url(std::string_view place) {
  constexpr std::array<std::string_view, 9> schemes{"channel:", "flake:",   "http://", "https://", "file://",
                                                    "git://",   "git+ssh:", "s3://",   "ssh://"};
  return std::ranges::any_of(schemes, [&](std::string_view scheme) { return place.starts_with(scheme); });
}

SearchPath::SearchPath(const std::vector<std::string>& entries, const char* nix_path) {
  for (const std::string& entry : entries) add(entry);
  if (nix_path != nullptr) {
    add_all(nix_path);
    return;
  }
  if (const char* home = std::getenv("HOME"); home != nullptr) add(std::string(home) + "/.nix-defexpr/channels");
  for (const std::string_view entry : usual_entries) add(entry);
}

void SearchPath::add(std::string_view entry) {
  const std::string_view place = place_of(entry);
  const std::string_view name = entry.substr(0, entry.size() - place.size());
  std::string trimmed(place);
  while (trimmed.size() > 1 && trimmed.ends_with('/')) trimmed.pop_back();
  if (!trimmed.empty()) entries_.push_back({std::string(name.substr(0, name.find('='))), std::move(trimmed)});
}

// Colons are between its entries, and in its URLs.
void SearchPath::add_all(std::string_view nix_path) {
  while (!nix_path.empty()) {
    std::size_t end = std::min(nix_path.find(':'), nix_path.size());
    const std::size_t place = end - place_of(nix_path.substr(0, end)).size();
    if (is_url(nix_path.substr(place))) end = std::min(nix_path.find(':', end + 1), nix_path.size());
    add(nix_path.substr(0, end));
    nix_path.remove_prefix(std::min(nix_path.size(), end + 1));
  }
}

std::optional<std::string> SearchPath::find(std::string_view name) const {
  for (const Entry& entry : entries_) {
    const auto rest = after(entry.name, name);
    if (!rest) continue;
    if (is_url(entry.place)) {
      if (!entry.name.empty()) return entry.place;
      continue;
    }
    std::string path = entry.place + *rest;
    if (exists(path)) return path;
  }
  return std::nullopt;
}

}  // namespace hydra_provisioner::providers::nixops
