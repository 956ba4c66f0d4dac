#include "providers/nixops/specification.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <string_view>
#include <system_error>
#include <tuple>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "providers/nixops/ingredients.hpp"
#include "providers/nixops/nix_names.hpp"
#include "providers/nixops/search_path.hpp"

namespace hydra_provisioner::providers::nixops {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t nix_files_max = 2'000;  // that are followed
constexpr std::size_t files_in_a_call = 64;

bool is_folder(const std::string& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

bool is_file(const std::string& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

// Whether the folder is one that `file` is in, at whatever depth.
bool contains(const std::string& folder, const std::string& file) {
  std::error_code error;
  const fs::path inner = fs::canonical(file, error);
  const fs::path outer = error ? fs::path() : fs::canonical(folder, error);
  return !error && std::ranges::mismatch(outer, inner).in1 == outer.end();
}

// Of a checkout of nixpkgs, the file that nearly every update changes.
constexpr std::string_view all_packages = "/pkgs/top-level/all-packages.nix";

std::vector<std::vector<std::string>> in_parts(const std::set<std::string>& files) {
  std::vector<std::vector<std::string>> parts;
  for (const std::string& file : files) {
    if (parts.empty() || parts.back().size() == files_in_a_call) parts.emplace_back();
    parts.back().push_back(file);
  }
  return parts;
}

// The expression and what it names, what that names, and so on. A file that something names must parse. One that only
// lies in a folder need not, and is followed if it does.
class Walk {
 public:
  Walk(const std::vector<std::string>& nix_path, const std::string& own_modules)
      : search_path_(with_own(nix_path, own_modules), std::getenv("NIX_PATH")), ingredients_(own_modules) {}

  io::Task<Expected<void>> from(std::string expression) {
    add_searched("nixpkgs", "");  // NixOps itself names it
    add_path(expression, expression);
    while (!named_.empty() || !found_.empty()) {
      for (const auto& files : in_parts(std::exchange(named_, {}))) {
        auto followed = co_await follow(files);
        if (!followed) co_return followed;
      }
      for (const auto& files : in_parts(std::exchange(found_, {}))) {
        co_await follow_what_parses(files);
      }
    }
    co_return Expected<void>();
  }

  Ingredients& ingredients() { return ingredients_; }

 private:
  // A folder that the file naming it is in is likely to hold much else, but `./${type}.nix` means one of its files.
  enum class Follow { unless_around, always };

  static std::vector<std::string> with_own(std::vector<std::string> nix_path, const std::string& own_modules) {
    nix_path.push_back("hydra-provisioner=" + own_modules);
    return nix_path;
  }

  io::Task<Expected<void>> follow(std::vector<std::string> files) {
    const auto names = co_await names_in_files(files);
    if (!names) co_return std::unexpected(names.error());
    for (std::size_t i = 0; i < files.size(); ++i) {
      for (const NamedPath& named : (*names)[i].paths) add_named(named, files[i]);
      for (const std::string& name : (*names)[i].searched) add_searched(name, files[i]);
    }
    co_return Expected<void>();
  }

  // Nix stops at the first that does not, so the others are found by halves.
  io::Task<void> follow_what_parses(std::vector<std::string> files) {
    if (co_await follow(files) || files.size() == 1) co_return;
    const auto middle = files.begin() + static_cast<std::ptrdiff_t>(files.size() / 2);
    co_await follow_what_parses({files.begin(), middle});
    co_await follow_what_parses({middle, files.end()});
  }

  // `by` is the file that names it.
  void add_named(const NamedPath& named, const std::string& by) {
    const bool is_whole = named.literal.empty() && !named.is_computed;
    if (is_whole || is_file(named.path)) return add_path(named.path, by);
    // `./scripts + "/x"`, or "${./scripts}/x", which takes the whole folder along: they look the same once parsed.
    if (is_folder(named.path) && !contains(named.path, by)) add_path(named.path, by);
    const std::string path = fs::path(named.path + named.literal).lexically_normal().string();
    if (!named.is_computed) return add_path(path, by);
    add_folder(is_folder(path) ? path : fs::path(path).parent_path().string(), by, Follow::always);
  }

  void add_searched(const std::string& name, const std::string& by) {
    const bool is_nixpkgs = name == "nixpkgs" || name.starts_with("nixpkgs/");
    const auto found = search_path_.find(is_nixpkgs ? "nixpkgs" : name);
    ingredients_.add_text(fmt::format("<{}>", name), found ? ingredients_.name_of(*found) : "");
    if (!found || SearchPath::is_url(*found)) return;
    if (is_nixpkgs) return add_nixpkgs(*found);
    add_path(*found, by);
  }

  void add_path(const std::string& path, const std::string& by) {
    if (ingredients_.is_in_store(path)) return ingredients_.add_place(path);
    if (is_folder(path)) return add_folder(path, by, Follow::unless_around);
    ingredients_.add_file(path);
    if (is_file(path) && (path.ends_with(".nix") || path == by)) follow_later(path, named_);
  }

  void add_folder(const std::string& path, const std::string& by, Follow follow) {
    if (ingredients_.is_in_store(path)) return ingredients_.add_place(path);
    if (is_file(path + std::string(all_packages))) return add_nixpkgs(path);
    const bool is_around = contains(path, by);
    if (!folders_.emplace(path, is_around, follow).second) return;
    const std::string entrance = path + "/default.nix";
    if (follow == Follow::unless_around && is_file(entrance)) follow_later(entrance, named_);
    for (const std::string& file :
         is_around ? ingredients_.add_files_directly_in(path) : ingredients_.add_folder(path)) {
      if (file.ends_with(".nix") && (follow == Follow::always || !is_around)) follow_later(file, found_);
    }
  }

  void add_nixpkgs(const std::string& path) {
    ingredients_.add_place(path);
    if (!ingredients_.is_in_store(path)) ingredients_.add_file(path + std::string(all_packages));
  }

  void follow_later(const std::string& file, std::set<std::string>& files) {
    if (followed_.size() < nix_files_max && followed_.insert(file).second) files.insert(file);
  }

  SearchPath search_path_;
  Ingredients ingredients_;
  std::set<std::string> named_;  // still to be followed
  std::set<std::string> found_;  // still to be followed, if they are Nix
  std::set<std::string> followed_;
  std::set<std::tuple<std::string, bool, Follow>> folders_;
};

}  // namespace

io::Task<Expected<std::string>> specification_of(NixopsSettings settings, std::string type, Tag tag,
                                                 std::string own_modules) {
  std::error_code error;
  if (!fs::exists(settings.expression, error)) co_return failure(settings.expression + ": no such file");
  Walk walk(settings.nix_path, own_modules);
  const auto walked = co_await walk.from(settings.expression);
  if (!walked) co_return std::unexpected(walked.error());

  Ingredients& all = walk.ingredients();
  all.add_text("expression", settings.expression);
  all.add_text("type", std::move(type));
  all.add_text("tag", tag.text);
  for (std::size_t i = 0; i < settings.nix_path.size(); ++i) {
    all.add_text(fmt::format("nixPath {}", i), settings.nix_path[i]);
  }
  co_return all.hash();
}

}  // namespace hydra_provisioner::providers::nixops
