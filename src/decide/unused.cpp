#include "decide/unused.hpp"

#include <algorithm>
#include <cstdint>

#include <fmt/format.h>

#include "decide/replacement.hpp"
#include "model/counted.hpp"

namespace hydra_provisioner::decide {
namespace {

constexpr std::int64_t failures_that_say_enough = 4;  // in a row

struct Counts {
  std::int64_t missing = 0;
  std::int64_t disabled = 0;
  std::int64_t failing = 0;
  std::int64_t used = 0;
  Instant since = Instant::max();

  std::int64_t all() const { return missing + disabled + failing + used; }
};

void count(Counts& counts, const QueueMachine* entry) {
  if (entry == nullptr) {
    ++counts.missing;
  } else if (entry->enabled == false) {
    ++counts.disabled;
  } else if (entry->consecutive_failures.value_or(0) >= failures_that_say_enough) {
    ++counts.failing;
  } else {
    ++counts.used;
  }
}

}  // namespace

bool is_surely_read(const Machine& machine, const QueueStatus& status) {
  if (machine.state != MachineState::ready || !machine.listing.is_listed || !machine.listing.began_at) return false;
  // After a restart, the queue runner reads the file anew, and machines connect anew.
  const Instant since = std::max(*machine.listing.began_at, status.started.value_or(Instant{}));
  return std::min(status.time, status.arrived) - since >= seen_after;
}

std::int64_t trials_allowed(const PoolView& pool) {
  const bool has_unusable =
      std::ranges::any_of(pool.machines, [&](const Machine* machine) { return is_unusable(pool, *machine); });
  const bool is_one_tried = std::ranges::any_of(pool.machines, [&](const Machine* machine) {
    const bool may_prove_useful = !is_surely_read(*machine, *pool.seen.queue) || unusable_at(pool, *machine);
    return is_coming(*machine) || (machine->state == MachineState::ready && may_prove_useful);
  });
  return has_unusable && !is_one_tried ? 1 : 0;
}

std::string why_unused(const PoolView& pool) {
  if (!pool.seen.queue || !pool.seen.queue->machines) return "";
  Counts counts;
  for (const Machine* machine : pool.machines) {
    if (!is_surely_read(*machine, *pool.seen.queue)) continue;
    count(counts, entry_of(*pool.seen.queue, *machine));
    counts.since = std::min(counts.since, *machine->listing.began_at);
  }
  if (counts.all() == 0 || counts.used > 0) return "";
  const std::string what = fmt::format("the queue runner uses none of {} listed since {} s",
                                       counted(counts.all(), "machine that is", "machines that are"),
                                       (pool.seen.now - counts.since).count());
  if (counts.missing == counts.all())
    return what + (pool.seen.queue->machines_join
                       ? ": they do not connect to it; does hydra-builder run on them?"
                       : ": it does not know them; does it read the machines file (NIX_REMOTE_SYSTEMS)?");
  if (pool.seen.queue->machines_join) {
    return fmt::format(
        "{}: {} do not connect to it, and the gates of {} are closed; does hydra-builder take the gate for "
        "its build folder?",
        what, counts.missing, counts.disabled);
  }
  return fmt::format("{}: it does not know {}, has disabled {} and fails on {}", what, counts.missing, counts.disabled,
                     counts.failing);
}

}  // namespace hydra_provisioner::decide
