#include "tests/simulation/shrink.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace hydra_provisioner::simulation {
namespace {

Scenario without(const Scenario& scenario, std::ptrdiff_t first, std::ptrdiff_t count) {
  Scenario smaller = scenario;
  const auto begin = smaller.events.begin() + first;
  smaller.events.erase(begin, begin + std::min(count, smaller.events.end() - begin));
  return smaller;
}

// Whether anything could be left out, `count` events at a time.
bool leave_out(Scenario& failing, std::ptrdiff_t count, const Terms& terms) {
  bool was_changed = false;
  for (std::ptrdiff_t first = 0; first < std::ssize(failing.events);) {
    Scenario smaller = without(failing, first, count);
    if (run(smaller, terms).violation) {
      failing = std::move(smaller);
      was_changed = true;
    } else {
      first += count;
    }
  }
  return was_changed;
}

bool make_counts_smaller(Scenario& failing, const Terms& terms) {
  bool was_changed = false;
  for (std::size_t n = 0; n < failing.events.size(); ++n) {
    const Event& event = failing.events[n];
    if (event.kind != EventKind::steps_arrive || event.count <= 1) continue;
    Scenario smaller = failing;
    smaller.events[n].count /= 2;
    if (!run(smaller, terms).violation) continue;
    failing = std::move(smaller);
    was_changed = true;
  }
  return was_changed;
}

}  // namespace

Scenario shrink(Scenario failing, const Terms& terms) {
  for (std::ptrdiff_t count = std::ssize(failing.events) / 2; count >= 1; count /= 2) leave_out(failing, count, terms);
  while (leave_out(failing, 1, terms) || make_counts_smaller(failing, terms)) continue;
  return failing;
}

}  // namespace hydra_provisioner::simulation
