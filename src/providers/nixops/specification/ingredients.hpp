// What a specification is hashed from, and the memory of it. Only names are kept: to see whether anything has changed,
// a later pass hashes the same files again.
#pragma once

#include <array>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "model/error.hpp"

namespace hydra_provisioner::providers::nixops {

// Each is `KIND NAME`, of these kinds:
//
//   text T    counts as it is
//   place P   where the path leads in the end
//   file P    the file's content, once it exists
//   tree P    all files in the folder, at any depth, without `.git`
//   folder P  only files directly in it, without hidden ones and those that editors make
using Ingredients = std::set<std::string>;

// The files that the ingredient stands for; none for texts and places.
std::vector<std::string> files_of(const std::string& ingredient);

// The folder that `<hydra-provisioner/…>` names. Files in it count by their names there, wherever it is.
class OwnModules {
 public:
  explicit OwnModules(const std::string& folder);

  // As hashes should name a file: `<hydra-provisioner>/auto-shutdown.nix`. Other paths stay as they are.
  std::string name_of(const std::string& path) const;

 private:
  std::array<std::string, 2> folders_;  // as it was given, and where it leads to
};

std::string hash_of(const Ingredients& ingredients, const OwnModules& own_modules);

struct Recipe {
  std::string question{};  // what the ingredients depend on besides files
  Ingredients ingredients{};
  std::string hash{};
};

// No value: nothing was kept in this file, or it is damaged.
std::optional<Recipe> remembered(const std::string& file);
void remember(const std::string& file, const Recipe& recipe);

}  // namespace hydra_provisioner::providers::nixops
