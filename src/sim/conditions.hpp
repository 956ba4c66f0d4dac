// The conditions in a simulated farm: how long things take, how often its clouds take machines away, and what goes
// wrong at the moment.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <vector>

#include "model/names.hpp"
#include "model/random.hpp"
#include "sim/virtual_clock.hpp"

namespace hydra_provisioner::sim {

struct Span {
  Millis least;
  Millis most;

  Millis draw(Random& random) const { return Millis{random.between(least.count(), most.count())}; }
};

struct Pace {
  // How long the program waits for answers. Each of these is half the time of an answer, which takes effect between the
  // two halves.
  Span question{Millis{0}, Millis{0}};     // to a provider
  Span status{Millis{20}, Millis{20}};     // of the queue runner
  Span journal{Millis{0}, Millis{0}};      // to commit, or to load
  Span publication{Millis{0}, Millis{0}};  // of the machines file

  Span operation{Millis{1'000}, Millis{20'000}};     // to ask a cloud for something
  Span deployment{Millis{60'000}, Millis{240'000}};  // which ends when the machine has booted
  Span boot{Millis{15'000}, Millis{90'000}};         // of machines that are not deployed
  // Boot times that were measured, by pool. One of them is drawn instead of `boot` or `deployment`.
  std::map<PoolName, std::vector<Millis>> boots_of{};
  std::map<PoolName, std::vector<Millis>> starts_of{};  // the same of machines that were stopped
  double interruptions_per_hour = 0;                    // of a machine that runs

  Millis boot_of(const PoolName& pool, bool was_stopped, const Span& usual, Random& random) const {
    const auto& measured = was_stopped ? starts_of : boots_of;
    const auto known = measured.find(pool);
    if (known == measured.end()) return usual.draw(random);
    const std::vector<Millis>& times = known->second;
    return times.at(static_cast<std::size_t>(random.between(0, std::ssize(times) - 1)));
  }

  // Until a machine that begins to run is taken away: exponentially distributed.
  Millis draw_life(Random& random) const {
    return Millis{std::llround(-std::log(random.share()) / interruptions_per_hour * 3'600'000)};
  }
};

// How an operation ends. `late` ones have done their work before they go wrong.
enum class JobFate : std::uint8_t {
  fine,
  fails,
  fails_late,
  hangs,  // until its deadline
  hangs_late,
  is_killed,
  is_killed_late,
  finds_no_capacity,
  is_refused,
  takes_long,
};

struct Faults {
  // Each lasts until its time.
  Time listing_fails;
  Time listing_is_stale;  // the listing shows what there was some seconds ago
  Time listing_is_slow;
  Time machines_are_unresponsive;  // machines can be neither probed nor checked
  Time specification_fails;
  Time specification_is_broken;  // it can be read, but every deployment fails before it touches anything
  Time destructions_fail;
  Time status_fails;
  Time status_is_old;
  Time status_has_no_machines;
  Time status_has_wrong_clock;
  Time steps_are_unknown;  // the database does not say which steps are under way
  Time disk_is_full;
  Time folder_is_gone;
  Time delivery_hangs;  // the delivery by an updateCommand
  Time journal_fails;
  Time journal_is_unreadable;
  Time jobs_are_unknown;  // the folder of the jobs cannot be read
  // Some of the orders to gates.
  Time gate_orders_seem_to_fail;  // but take effect
  Time gate_orders_are_lost;      // but seem to succeed
  Time needs_are_unclear;  // which steps in doubt a build needs is found out anew each time, of none, some or all

  Seconds status_age{0};                      // while status_is_old
  std::deque<JobFate> next_fates;             // of the operations that begin next
  std::int64_t machines_that_never_boot = 0;  // of those that are made next
  std::int64_t machines_that_end_early = 0;   // of those that are made next: their cloud ends them within seconds
  std::int64_t black_holes = 0;               // of those that are made next: they fail all steps within seconds
  Seconds black_holes_last{0};                // how long they do
};

// What one host does not reach; each lasts until its time.
struct Cuts {
  Time from_clouds{};
  Time from_queue_runner{};
  Time from_database{};
};
inline constexpr Cuts not_cut_off{};

}  // namespace hydra_provisioner::sim
