// Which features the derivations of steps require. A derivation never changes, so each is read once and remembered.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "io/async/clock.hpp"
#include "io/async/task.hpp"
#include "model/error.hpp"
#include "model/time.hpp"
#include "observe/derivation_store.hpp"
#include "observe/rust_documents.hpp"

namespace hydra_provisioner::observe {

class Derivations {
 public:
  // `memory` is a file, in which those that were asked for last are kept.
  Derivations(DerivationStore& store, std::string memory, io::Clock& clock);

  // By base name. One that cannot be read is tried again a minute later; those for which there is no time until `end`
  // are missing, and are read the next time.
  io::Task<RequiredFeatures> features_of(std::set<std::string> names, Instant end);

 private:
  struct Unreadable {
    std::string why;
    Instant at;
  };

  void remember_from_file();
  void keep_in_file(const std::set<std::string>& names) const;
  io::Task<void> read(std::vector<std::string> names, Instant end);
  void note(DerivationStore::Answer answer);

  DerivationStore& store_;
  std::string memory_;
  io::Clock& clock_;
  bool has_remembered_ = false;
  std::map<std::string, std::set<std::string>> known_;
  std::map<std::string, Unreadable> unreadable_;
};

}  // namespace hydra_provisioner::observe
