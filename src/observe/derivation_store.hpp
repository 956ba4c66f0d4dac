// Where derivations are read from.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "io/async/clock.hpp"
#include "io/async/task.hpp"
#include "model/error.hpp"
#include "model/time.hpp"
#include "observe/derivation.hpp"

namespace hydra_provisioner::observe {

class DerivationStore {
 public:
  // `command` gets paths of derivations as its last arguments, and prints their contents; empty: they are read from
  // this host's store.
  DerivationStore(std::vector<std::string> command, io::Clock& clock);

  static constexpr std::size_t asked_at_once = 500;  // so that the arguments of a command stay below 64 KiB

  struct Answer {
    std::map<std::string, Expected<Derivation>> derivations{};  // of each name
    int failed_calls = 0;                                       // of the command
    bool is_cut_off = false;                                    // the command was ended at `end`
  };
  // At most `asked_at_once` base names, and at most `failed_calls_max` calls of the command that fail; it is ended at
  // `end`. ErrorKind::unanswered: there were too few calls to find out, or too little time. After a command that took
  // too long, the next call, also of another read(), asks for half as many.
  io::Task<Answer> read(std::vector<std::string> names, int failed_calls_max, Instant end);

  bool is_command() const { return !command_.empty(); }

 private:
  io::Task<Answer> read_by_command(std::vector<std::string> names, int failed_calls_max, Instant end);
  void learn_pace(std::size_t asked, Seconds took, Seconds had, bool has_succeeded);
  io::Task<Expected<std::vector<Derivation>>> run(std::vector<std::string> names, Instant end);

  std::vector<std::string> command_;
  io::Clock& clock_;
  std::size_t batch_max_ = asked_at_once;  // for how many the command has time
};

}  // namespace hydra_provisioner::observe
