#include "io/text/nearest.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace hydra_provisioner::io {

// Needs three rows of the usual table only: those of the current prefix of `a` and of the two shorter ones.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> current(b.size() + 1);
  std::iota(current.begin(), current.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::swap(before_last, last);
    std::swap(last, current);
    current[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      current[j] = std::min({last[j] + 1, current[j - 1] + 1, replaced});
      const bool is_swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (is_swapped) current[j] = std::min(current[j], before_last[j - 2] + 1);
    }
  }
  return current[b.size()];
}

std::optional<std::string_view> nearest(std::string_view name, const std::vector<std::string_view>& known) {
  std::optional<std::string_view> best;
  std::size_t limit = std::max<std::size_t>(1, name.size() / 3) + 1;  // the distance must be below it
  for (const std::string_view candidate : known) {
    // The distance is at least the difference in length. This also spares the table for a very long name.
    if (std::max(name.size(), candidate.size()) - std::min(name.size(), candidate.size()) >= limit) continue;
    const std::size_t distance = edit_distance(name, candidate);
    if (distance >= limit) continue;
    best = candidate;
    limit = distance;
  }
  return best;
}

}  // namespace hydra_provisioner::io
