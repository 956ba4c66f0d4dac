// Where derivations are read from.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "io/async/task.hpp"
#include "model/error.hpp"
#include "observe/derivation.hpp"

namespace hydra_provisioner::observe {

class DerivationStore {
 public:
  // `command` gets paths of derivations as its last arguments, and prints their contents; empty: they are read from
  // this host's store.
  explicit DerivationStore(std::vector<std::string> command);

  static constexpr std::size_t asked_at_once = 500;  // so that the arguments of a command stay below 64 KiB

  struct Answer {
    std::map<std::string, Expected<Derivation>> derivations{};  // of each name
    int calls = 0;                                              // of the command
  };
  // At most `asked_at_once` base names, and at most `calls_max` calls. ErrorKind::unanswered: there were too few calls
  // to find out.
  io::Task<Answer> read(std::vector<std::string> names, int calls_max);

  bool is_command() const { return !command_.empty(); }

 private:
  io::Task<Answer> read_by_command(std::vector<std::string> names, int calls_max);
  io::Task<Expected<std::vector<Derivation>>> run(std::vector<std::string> names);

  std::vector<std::string> command_;
};

}  // namespace hydra_provisioner::observe
