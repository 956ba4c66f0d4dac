#include "app/daemon/live_config.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>

namespace hydra_provisioner::app {
namespace {

// Changes whenever the file changes, but not when it is read. Empty: there is no file.
std::string fingerprint_of(const std::string& file) {
  struct stat found{};
  if (::stat(file.c_str(), &found) != 0) return "";
  return fmt::format("{} {} {} {} {}", found.st_dev, found.st_ino, found.st_size, found.st_mtim.tv_sec,
                     found.st_mtim.tv_nsec);
}

// Nix names the files that it has read, and not the links that led there. So those beside the configuration are
// watched, and those in folders beside it, if they lead to a Nix file or a folder.
std::string fingerprint_of_links(const std::filesystem::path& folder) {
  namespace fs = std::filesystem;
  constexpr int depth_max = 1;
  constexpr int entries_max = 1000;
  std::vector<std::string> links;
  std::error_code error;
  int entries = 0;
  for (fs::recursive_directory_iterator entry(folder, error), end; !error && entry != end && ++entries <= entries_max;
       entry.increment(error)) {
    if (entry.depth() >= depth_max) entry.disable_recursion_pending();
    std::error_code ignored;
    if (!entry->is_symlink(ignored)) continue;
    if (entry->path().extension() == ".nix" || fs::is_directory(entry->path(), ignored))
      links.push_back(fmt::format("{} {}", entry->path().native(), fs::read_symlink(entry->path(), ignored).native()));
  }
  std::ranges::sort(links);
  return fmt::format("{}", fmt::join(links, "\n"));
}

// A file, and the links on the way to it: replacing any of these changes what is read.
void add_way_to(const std::filesystem::path& file, std::set<std::string>& paths) {
  namespace fs = std::filesystem;
  constexpr int links_max = 40;
  fs::path rest = file.lexically_normal();
  for (int links = 0; links <= links_max; ++links) {
    fs::path begun;
    std::error_code ignored;
    auto part = rest.begin();
    while (part != rest.end() && !fs::is_symlink(begun, ignored)) begun /= *part++;
    paths.insert(begun);
    if (!fs::is_symlink(begun, ignored)) return;
    fs::path target = begun.parent_path() / fs::read_symlink(begun, ignored);
    for (; part != rest.end(); ++part) target /= *part;
    rest = target.lexically_normal();
  }
}

// Links in them may lead to what the configuration reads: see fingerprint_of_links().
void add_folders_beside(const std::filesystem::path& folder, std::set<std::string>& folders) {
  constexpr std::size_t folders_max = 100;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    std::error_code ignored;
    if (folders.size() < folders_max && entry->is_directory(ignored) && !entry->is_symlink(ignored))
      folders.insert(entry->path());
  }
}

}  // namespace

LiveConfig::LiveConfig(std::string file, Config config, config::ConfigOptions options, config::ConfigErrors errors)
    : file_(std::move(file)),
      config_(std::move(config)),
      options_(std::move(options)),
      fingerprint_(fingerprint()),
      errors_(std::move(errors)) {}

io::Task<bool> LiveConfig::refresh(bool asked, act::Voice& voice) {
  // The files that a wrong configuration imports are unknown, so it is evaluated again every time.
  if (!asked && errors_.empty() && fingerprint() == fingerprint_) co_return false;
  auto loaded = co_await config::load_config(file_, options_);
  if (loaded && loaded->tag != config_.tag) {
    loaded =
        std::unexpected(config::ConfigErrors{fmt::format("{}: tag: is \"{}\" now, and this daemon looks after \"{}\"; "
                                                         "restart it, or start another one",
                                                         file_, loaded->tag, config_.tag)});
  }
  if (loaded && loaded->journal != config_.journal) {
    loaded = std::unexpected(config::ConfigErrors{
        fmt::format("{}: journal: is another one now; restart the daemon, after the journal was moved", file_)});
  }
  if (!loaded) {
    if (asked || errors_ != loaded.error()) {
      for (const std::string& error : loaded.error()) voice.problem(error);
      voice.problem(fmt::format("{}: not used; the configuration stays as it was", file_));
    }
    errors_ = std::move(loaded.error());
    co_return false;
  }
  config_ = *std::move(loaded);
  fingerprint_ = fingerprint();
  errors_.clear();
  voice.note(fmt::format("{}: read again", file_));
  co_return true;
}

std::set<std::string> LiveConfig::paths() const {
  std::set<std::string> paths;
  add_way_to(config_.file, paths);
  for (const std::string& file : config_.files) add_way_to(file, paths);
  return paths;
}

std::set<std::string> LiveConfig::folders() const {
  std::set<std::string> folders;
  for (const std::string& path : paths()) folders.insert(std::filesystem::path(path).parent_path());
  add_folders_beside(std::filesystem::path(config_.file).parent_path(), folders);
  return folders;
}

// Other programs, and this one, may write their files beside the configuration.
bool LiveConfig::may_have_changed(const io::FolderChange& change) const {
  const std::filesystem::path path = std::filesystem::path(change.folder) / change.name;
  std::error_code ignored;
  const bool may_be_of_it = change.name.empty() || path.extension() == ".nix" ||
                            std::filesystem::is_symlink(path, ignored) || paths().contains(path);
  return may_be_of_it && (!errors_.empty() || fingerprint() != fingerprint_);
}

std::string LiveConfig::fingerprint() const {
  // The given file too: it may be a link that leads elsewhere by now.
  std::string all = fingerprint_of(config_.file) + "\n";
  for (const std::string& file : config_.files) all += fingerprint_of(file) + "\n";
  return all + fingerprint_of_links(std::filesystem::path(config_.file).parent_path());
}

}  // namespace hydra_provisioner::app
