// Which features the derivations of steps require. A derivation never changes, so each is read once and remembered.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "io/async/clock.hpp"
#include "io/async/task.hpp"
#include "model/error.hpp"
#include "model/time.hpp"
#include "observe/rust_documents.hpp"

namespace hydra_provisioner::observe {

// The features that a derivation requires, from the content of its file in the store: the attribute
// requiredSystemFeatures, which derivations with structured attributes have inside of `__json`. Takes what it reads off
// the text, behind which the next derivation may follow.
Expected<std::set<std::string>> read_required_features(std::string_view& text);

class Derivations {
 public:
  // `store_command` gets paths of derivations as its last arguments, and prints their contents; empty: they are read
  // from this host's store. `memory` is a file, in which those that were asked for last are kept.
  Derivations(std::vector<std::string> store_command, std::string memory, io::Clock& clock);

  // By base name. One that cannot be read is tried again a minute later.
  io::Task<RequiredFeatures> features_of(std::set<std::string> names);

 private:
  struct Unreadable {
    std::string why;
    Instant at;
  };

  void remember_from_file();
  void keep_in_file(const std::set<std::string>& names) const;
  io::Task<void> read(std::vector<std::string> names);
  io::Task<void> read_by_command(std::vector<std::string> names);
  void note(const std::string& name, Expected<std::set<std::string>> features);

  std::vector<std::string> store_command_;
  std::string memory_;
  io::Clock& clock_;
  bool has_remembered_ = false;
  std::map<std::string, std::set<std::string>> known_;
  std::map<std::string, Unreadable> unreadable_;
};

}  // namespace hydra_provisioner::observe
