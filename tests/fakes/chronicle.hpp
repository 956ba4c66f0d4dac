// What happened, in order: commits, publications, jobs and provider calls in one list, so that a test can ask which
// came first.
#pragma once

#include <algorithm>
#include <ostream>
#include <string>
#include <vector>

namespace hydra_provisioner::fakes {

struct Chronicle {
  std::vector<std::string> entries;

  void add(std::string entry) { entries.push_back(std::move(entry)); }

  // Whether both happened, and this one for the first time before that one.
  bool has_before(const std::string& first, const std::string& second) const {
    const auto earlier = std::ranges::find(entries, first);
    return earlier != entries.end() && std::find(earlier, entries.end(), second) != entries.end() &&
           std::find(entries.begin(), earlier, second) == earlier;
  }
  bool has(const std::string& entry) const { return std::ranges::find(entries, entry) != entries.end(); }

  friend void PrintTo(const Chronicle& chronicle, std::ostream* out) {
    for (const std::string& entry : chronicle.entries) *out << "\n  " << entry;
  }
};

}  // namespace hydra_provisioner::fakes
