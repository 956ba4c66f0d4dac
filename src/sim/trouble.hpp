// What goes wrong in a simulated farm at the moment. Nothing, unless somebody says so.
#pragma once

#include <cstdint>
#include <deque>

#include "sim/virtual_clock.hpp"

namespace hydra_provisioner::sim {

// What becomes of an operation. `late` ones have done their work before they go wrong.
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

struct Trouble {
  // Until then:
  Time listing_fails;
  Time listing_is_stale;  // it shows what there was some seconds ago
  Time listing_is_slow;
  Time machines_are_deaf;  // they can be neither probed nor checked
  Time specification_fails;
  Time status_fails;
  Time status_is_old;
  Time status_has_no_machines;
  Time status_has_wrong_clock;
  Time disk_is_full;
  Time folder_is_gone;
  Time delivery_hangs;  // of an updateCommand
  Time journal_fails;
  Time journal_is_unreadable;
  Time jobs_are_unknown;  // their folder cannot be read

  Seconds status_age{0};                      // while it is old
  std::deque<JobFate> next_fates;             // of the operations that begin next
  std::int64_t machines_that_never_boot = 0;  // of those that are made next
};

}  // namespace hydra_provisioner::sim
