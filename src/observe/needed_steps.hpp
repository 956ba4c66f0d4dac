// Which steps do builds need? A build needs its own derivation, the inputs of that, their inputs, and so on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "model/time.hpp"

namespace hydra_provisioner::observe {

// Walks from builds down to steps. It remembers the inputs that it has seen, because derivations never change, and a
// busy farm has other steps to ask for every few seconds. Builds and steps go by the base names of their derivations.
class NeededSteps {
 public:
  NeededSteps() = default;
  NeededSteps(NeededSteps&&) = default;
  NeededSteps& operator=(NeededSteps&&) = default;

  // Which of these steps does one of these builds need? The later a build comes in the list, the sooner it is looked
  // at. A question may be asked again before it is answered: then the walk goes on. `reads_max`: how many derivations
  // may be read for it until it is asked again.
  void ask(const std::set<std::string>& steps, const std::vector<std::string>& builds, Instant now,
           std::size_t reads_max);

  // Derivations that have to be read for the answer, at most this many. None: it is known, or enough was read.
  std::vector<std::string> unread(std::size_t count_max);
  void learn(const std::string& derivation, const std::vector<std::string>& inputs);
  // It counts as one without inputs, and is to be read again after a while, each time a longer one.
  void note_unreadable(const std::string& derivation, std::string why, Instant now);
  // Nothing can be read: for a minute, nothing is to be read.
  void note_failure(std::string why, Instant now);

  bool is_needed(const std::string& step) const;  // as far as it is known

  // How many steps may be needed or not, as long as derivations cannot be read.
  struct Undecided {
    std::int64_t steps = 0;
    std::string why{};
  };
  Undecided undecided() const;

 private:
  using Number = std::uint32_t;  // of a derivation
  struct Known {
    const std::string* name = nullptr;
    bool is_read = false;
    std::vector<Number> inputs{};
    std::uint32_t walk = 0;  // the latest that came here
    Number build = 0;        // and from where
  };

  void forget_what_is_old(bool is_unasked, Instant now);
  Number number_of(const std::string& derivation);
  template <class Names>
  std::unordered_set<Number> numbers_of(const Names& derivations);
  bool is_answered(const std::unordered_set<Number>& builds) const;
  std::string why_undecided() const;
  void try_unreadable_again(Instant now);
  void reach(Number derivation, Number build);
  void go_on_from(Number derivation);

  std::unordered_map<std::string, Number> numbers_;
  std::vector<Known> known_;
  std::unordered_map<Number, Number> needed_by_;  // a build that needs the step
  std::unordered_set<Number> unneeded_;           // steps that none of `walked_` needs
  std::unordered_set<Number> walked_;             // builds

  // The present walk.
  std::uint32_t walk_ = 0;
  std::unordered_set<Number> sought_;  // that are not known to be needed, nor to be not
  std::vector<Number> reached_;        // their inputs have not been looked at
  std::size_t awaited_ = 0;            // how many are being read
  std::size_t reads_left_ = 0;

  std::map<Number, std::string> unreadable_;  // and why
  Instant unreadable_at_;
  Seconds pause_{0};
  Instant failed_at_;
  std::string why_failed_;  // empty: the pause after that is over
  Instant began_at_;
  Instant asked_at_;
};

}  // namespace hydra_provisioner::observe
