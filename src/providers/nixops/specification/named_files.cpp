#include "providers/nixops/specification/named_files.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "io/process/nix_evaluation.hpp"
#include "io/text/strings.hpp"
#include "providers/nixops/program/nix_text.hpp"

namespace hydra_provisioner::providers::nixops {
namespace {

namespace fs = std::filesystem;

bool is_of_a_path_literal(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("/._-+").contains(c);
}

class Reader {
 public:
  Reader(std::string_view printed, const std::vector<std::string>& folders) : rest_(printed), folders_(folders) {}

  NixNames read() {
    while (!rest_.empty()) step();
    return std::move(names_);
  }

 private:
  void step() {
    if (take("\"${") || take("}\"")) return;  // around the name of a computed attribute: `x."${…}"`
    if (take("__findFile __nixPath ")) {      // how `<` is printed
      names_.searched.push_back(string());
    } else if (rest_.starts_with('"')) {
      string();
    } else if (!take("//") && rest_.starts_with('/')) {
      path();
    } else {
      skip(1);
    }
  }

  void path() {
    NamedPath named{.path = std::string(skip(path_length()))};
    while (rest_.starts_with(" + \"") || rest_.starts_with(" + (\"")) {
      skip(rest_.find('"'));
      named.literal += string();
    }
    named.is_computed = rest_.starts_with(" + ");
    names_.paths.push_back(std::move(named));
  }

  std::size_t path_length() const {
    std::size_t length = 0;
    for (fs::path folder : folders_) {
      while (folder.has_relative_path() && !rest_.starts_with(folder.native())) folder = folder.parent_path();
      if (folder.has_relative_path()) length = std::max(length, folder.native().size());
    }
    while (length < rest_.size() && is_of_a_path_literal(rest_[length])) ++length;
    return length;
  }

  std::string string() {
    std::size_t end = 1;
    while (end < rest_.size() && rest_[end] != '"') end += rest_[end] == '\\' ? 2 : 1;
    return decode_nix_string(skip(end + 1)).value_or("");
  }

  bool take(std::string_view text) {
    if (!rest_.starts_with(text)) return false;
    skip(text.size());
    return true;
  }

  std::string_view skip(std::size_t count) {
    const std::string_view skipped = rest_.substr(0, count);
    rest_.remove_prefix(skipped.size());
    return skipped;
  }

  std::string_view rest_;
  const std::vector<std::string>& folders_;
  NixNames names_;
};

// What paths in the file may be relative to. Where the file is a symbolic link, Nix follows it.
std::vector<std::string> folders_of(const fs::path& file) {
  std::error_code ignored;
  const char* home = std::getenv("HOME");
  return {file.parent_path().string(), fs::canonical(file, ignored).parent_path().string(),
          home == nullptr ? "" : home};
}

}  // namespace

Expected<std::vector<SearchEntry>> read_search_path(const io::Json& json, std::size_t configured) {
  std::vector<SearchEntry> entries;
  for (const io::Json& element : json) {
    const auto pair = io::as_texts(element);
    if (!pair || pair->size() != 2) return failure(io::describe(element) + " is not a prefix and a path");
    std::string place = pair->back();
    while (place.size() > 1 && place.ends_with('/')) place.pop_back();
    entries.push_back(
        {.prefix = pair->front(), .place = std::move(place), .is_configured = entries.size() < configured});
  }
  return entries;
}

NixNames names_in(std::string_view printed, const std::vector<std::string>& folders) {
  return Reader(printed, folders).read();
}

namespace {

// An error for each file that does not parse. Nix prints a line for each file, and ends at the first error, so the
// files after that need another call.
io::Task<std::vector<Expected<NixNames>>> names_in_files(std::vector<std::string> files) {
  const auto has_line_break = [](const std::string& folder) { return folder.contains('\n'); };
  const bool is_one_by_one = std::ranges::any_of(
      files, [&](const std::string& file) { return std::ranges::any_of(folders_of(file), has_line_break); });
  std::vector<Expected<NixNames>> names;
  while (names.size() < files.size()) {
    std::vector<std::string> rest(files.begin() + static_cast<std::ptrdiff_t>(names.size()), files.end());
    if (is_one_by_one) rest.resize(1);
    const auto finished = co_await io::parse_nix(rest);
    if (!finished) co_return std::vector<Expected<NixNames>>(files.size(), std::unexpected(finished.error()));
    std::vector<std::string_view> lines = io::lines(finished->output);
    if (is_one_by_one && finished->exit_status == 0) lines = {finished->output};
    lines.resize(std::min(lines.size(), rest.size()));
    for (const std::string_view line : lines) names.push_back(names_in(line, folders_of(files[names.size()])));
    if (lines.size() < rest.size()) names.push_back(failure(io::nix_error(finished->errors)));
  }
  co_return names;
}

bool is_folder(const std::string& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

bool is_file(const std::string& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

// Whether `file` is in the folder, at any depth.
bool contains(const std::string& folder, const std::string& file) {
  std::error_code error;
  const fs::path inner = fs::canonical(file, error);
  const fs::path outer = error ? fs::path() : fs::canonical(folder, error);
  return !error && std::ranges::mismatch(outer, inner).in1 == outer.end();
}

// Of a checkout of nixpkgs, the file that nearly every update changes.
constexpr std::string_view all_packages = "/pkgs/top-level/all-packages.nix";

// The checkout of nixpkgs that the path is in, or is.
std::optional<std::string> checkout_of(fs::path path) {
  for (; path.has_relative_path(); path = path.parent_path()) {
    if (is_file(path.string() + std::string(all_packages))) return path.string();
  }
  return std::nullopt;
}

bool is_url(std::string_view place) {
  return place.contains("://") || place.starts_with("channel:") || place.starts_with("flake:");
}

// Where the entry has the name: with `conf=/etc/conf`, `conf/x.nix` is `/etc/conf/x.nix`. No value: it is for others.
std::optional<std::string> place_in(const SearchEntry& entry, const std::string& name) {
  if (entry.prefix.empty()) return entry.place + "/" + name;
  const bool is_of_it =
      name.starts_with(entry.prefix) && (name.size() == entry.prefix.size() || name[entry.prefix.size()] == '/');
  return is_of_it ? std::optional(entry.place + name.substr(entry.prefix.size())) : std::nullopt;
}

class Walk {
 public:
  explicit Walk(NamedFilesQuestion question) : question_(std::move(question)) {}

  io::Task<Expected<Ingredients>> find_all() {
    add_searched("nixpkgs", question_.expression);  // NixOps itself names it
    for (const std::string& file : question_.evaluated) {
      if (!is_of_the_environment(file)) add_path(file, file);
    }
    while (!waiting_.empty()) {
      std::vector<std::string> some;
      while (!waiting_.empty() && some.size() < files_in_a_call) {
        some.push_back(waiting_.extract(waiting_.begin()).value());
      }
      const auto names = co_await names_in_files(some);
      for (std::size_t i = 0; i < some.size(); ++i) {
        if (names[i]) {
          add_names(*names[i], some[i]);
        } else if (named_.contains(some[i])) {
          co_return std::unexpected(names[i].error());
        }
      }
    }
    co_return std::move(all_);
  }

 private:
  static constexpr std::size_t nix_files_max = 2'000;  // that are read
  static constexpr std::size_t files_in_a_call = 64;

  // A file that is named must parse. One that only lies in a folder need not be Nix.
  enum class Found { by_name, in_a_folder };

  // `by` is the file with the names.
  void add_names(const NixNames& names, const std::string& by) {
    for (const NamedPath& path : names.paths) add_named(path, by);
    for (const std::string& name : names.searched) add_searched(name, by);
  }

  void add_named(const NamedPath& named, const std::string& by) {
    const bool is_whole = named.literal.empty() && !named.is_computed;
    if (is_whole || is_file(named.path)) return add_path(named.path, by);
    // `./scripts + "/x"`, or "${./scripts}/x", which copies the whole folder: they look the same once parsed.
    if (is_folder(named.path) && !contains(named.path, by)) add_path(named.path, by);
    const std::string path = fs::path(named.path + named.literal).lexically_normal().string();
    if (!named.is_computed) return add_path(path, by);
    const std::string folder = is_folder(path) ? path : fs::path(path).parent_path().string();
    if (is_counted_by_place(folder)) return;
    for (const std::string& file : add_folder(folder, by)) follow(file, Found::in_a_folder);
  }

  // What only the environment leads to does not count: a pass by hand has another one than the daemon.
  bool is_of_the_environment(const std::string& file) const {
    const auto leads_there = [&](const SearchEntry& entry) {
      return !is_url(entry.place) && contains(entry.place, file);
    };
    const auto first = std::ranges::find_if(question_.search_path, leads_there);
    const bool is_near = contains(fs::path(question_.expression).parent_path().string(), file);
    return first != question_.search_path.end() && !first->is_configured && !is_near;
  }

  void add_searched(const std::string& name, const std::string& by) {
    const bool is_nixpkgs = name == "nixpkgs" || name.starts_with("nixpkgs/");
    for (const SearchEntry& entry : question_.search_path) {
      if (!entry.is_configured) return;
      const auto path = place_in(entry, is_nixpkgs ? "nixpkgs" : name);
      if (!path || (is_url(entry.place) && entry.prefix.empty())) continue;  // only Nix knows what is in such a URL
      const bool is_found = is_url(entry.place) || is_file(*path) || is_folder(*path);
      if (!is_found) {
        all_.insert("file " + *path);  // it counts once it is there
        continue;
      }
      all_.insert(fmt::format("text <{}> {}", name, question_.own_modules.name_of(*path)));
      if (is_url(entry.place)) return;
      return is_nixpkgs ? add_nixpkgs(*path) : add_path(*path, by);
    }
  }

  void add_path(const std::string& path, const std::string& by) {
    if (is_counted_by_place(path)) return;
    if (!is_folder(path)) {
      all_.insert("file " + path);
      if (path.ends_with(".nix") || path == by) follow(path, Found::by_name);
      return;
    }
    const bool is_around = contains(path, by);  // it is likely to hold much else
    const auto files = add_folder(path, by);
    follow(path + "/default.nix", Found::by_name);
    for (const std::string& file : files) {
      if (!is_around) follow(file, Found::in_a_folder);
    }
  }

  std::vector<std::string> add_folder(const std::string& path, const std::string& by) {
    const std::string ingredient = (contains(path, by) ? "folder " : "tree ") + path;
    all_.insert(ingredient);
    auto files = files_of(ingredient);
    std::erase_if(files, [](const std::string& file) { return !file.ends_with(".nix"); });
    std::ranges::sort(files);
    return files;
  }

  // Nothing in Nix's store ever changes. Our own modules may be there, too, but count by content.
  bool is_in_store(const std::string& path) const {
    std::error_code ignored;
    const bool is_own = question_.own_modules.name_of(path) != path;
    return !is_own && fs::canonical(path, ignored).string().starts_with("/nix/store/");
  }

  bool is_counted_by_place(const std::string& path) {
    const auto checkout = is_in_store(path) ? std::optional(path) : checkout_of(path);
    if (!checkout || contains(*checkout, question_.expression)) return false;
    add_nixpkgs(*checkout);
    return true;
  }

  void add_nixpkgs(const std::string& path) {
    all_.insert("place " + path);
    if (!is_in_store(path)) all_.insert("file " + path + std::string(all_packages));
  }

  void follow(const std::string& file, Found found) {
    if (!is_file(file)) return;
    if (found == Found::by_name) named_.insert(file);
    // What a link names is relative to where it leads.
    std::error_code ignored;
    if (fs::is_symlink(file, ignored) && question_.own_modules.name_of(file) == file) all_.insert("place " + file);
    if (known_.size() < nix_files_max && known_.insert(file).second) waiting_.insert(file);
  }

  NamedFilesQuestion question_;
  Ingredients all_;
  std::set<std::string> named_;    // must parse
  std::set<std::string> known_;    // have been read, or are waiting
  std::set<std::string> waiting_;  // still to be read
};

}  // namespace

io::Task<Expected<Ingredients>> named_files(NamedFilesQuestion question) {
  co_return co_await Walk(std::move(question)).find_all();
}

}  // namespace hydra_provisioner::providers::nixops
