// What `<name/…>` names in Nix files.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hydra_provisioner::providers::nixops {

class SearchPath {
 public:
  // In Nix's order: entries as `-I` takes them (`name=place` or `place`), then the environment's NIX_PATH, which is
  // null when it is not set.
  SearchPath(const std::vector<std::string>& entries, const char* nix_path);

  // The file or folder that `<name>` stands for, or the URL under which Nix would look for it; no value when there is
  // none. What is in an entry that is a URL without a name of its own is not known.
  std::optional<std::string> find(std::string_view name) const;

  // Such as `channel:nixos-unstable`: fetching it is up to Nix.
  static bool is_url(std::string_view place);

 private:
  struct Entry {
    std::string name;  // empty: anything may be in it
    std::string place;
  };

  void add(std::string_view entry);
  void add_all(std::string_view nix_path);

  std::vector<Entry> entries_;
};

}  // namespace hydra_provisioner::providers::nixops
