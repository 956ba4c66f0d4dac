// What a specification is hashed from: texts, and the contents of files.
#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace hydra_provisioner::providers::nixops {

class Ingredients {
 public:
  // Files in `own_modules` count by their names in it, wherever it is.
  explicit Ingredients(const std::string& own_modules);

  // Each name has one text.
  void add_text(const std::string& name, std::string text);
  // What does not exist counts as such.
  void add_file(const std::string& path);
  // Where the path leads to in the end.
  void add_place(const std::string& path);
  // The regular files in a folder. All are added and returned.
  std::vector<std::string> add_folder(const std::string& path);
  // Only those directly in it, without hidden ones and those that editors make.
  std::vector<std::string> add_files_directly_in(const std::string& path);

  // Of everything, in no matter which order it was added.
  std::string hash() const;

  // What is in Nix's store never changes, so it counts by its place. Own modules may be there too, and count by
  // content.
  bool is_in_store(const std::string& path) const;
  // As texts should name it: `<hydra-provisioner>/auto-shutdown.nix`.
  std::string name_of(const std::string& path) const;

 private:
  std::vector<std::string> added(std::vector<std::string> files);
  std::string content(const std::string& path);

  std::array<std::string, 2> own_modules_;  // as it was given, and where it leads to
  std::map<std::string, std::string> texts_;
  // Somebody may name /home. Beyond these, files count by size and time, and then not at all.
  std::size_t files_to_read_ = 2'000;
  std::size_t bytes_to_read_ = std::size_t{64} << 20;
  std::size_t names_to_see_ = 50'000;
};

}  // namespace hydra_provisioner::providers::nixops
