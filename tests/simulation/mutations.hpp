// Deliberate bugs, made by decorators between the program and its world that falsify what passes through them. The
// seeds alone must find each.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "model/config.hpp"
#include "model/enum_names.hpp"
#include "pass/world.hpp"
#include "sim/farm.hpp"
#include "state/journal.hpp"
#include "state/shared_journal.hpp"
#include "tests/simulation/schedule.hpp"

namespace hydra_provisioner::simulation {

enum class Mutation : std::uint8_t {
  none,
  busy_machines_look_idle,
  machines_look_ready,
  quiet_is_ignored,
  steps_under_way_are_not_seen,
  what_left_counts_as_capacity,
  maximum_is_exceeded,
  placeholders_are_missing,
  new_machines_are_not_recorded,
  listing_is_not_recorded,
  unlisting_is_forgotten,
  running_operations_are_not_seen,
  ended_operations_are_not_forgotten,
  operations_are_lost,
  an_instance_is_not_seen,
  destructions_are_only_claimed,
  draining_is_forgotten,
  lines_are_garbled,
  file_is_not_written,
  old_listing_is_shown,
  old_status_looks_fresh,
  settle_is_ignored,
  commits_are_claimed_early,
  outcomes_are_not_recorded,
  old_rows_are_written_again,
  failures_are_forgotten,
  early_ends_are_not_seen,
  too_many_are_redeployed,
  owners_are_ignored,
  gates_are_not_set,
  open_machines_look_closed,
  one_report_is_enough,
  unread_queue_is_trusted,
  answers_of_gates_are_believed,
  reboots_open_gates,
  black_holes_look_fine,
  steps_in_doubt_are_not_counted,
  commits_are_not_fenced,
  lead_is_taken_early,
  operations_do_not_ask,
};

}  // namespace hydra_provisioner::simulation

namespace hydra_provisioner {
template <>
inline constexpr auto names_of<simulation::Mutation> = enum_names(
    "none", "busy-machines-look-idle", "machines-look-ready", "quiet-is-ignored", "steps-under-way-are-not-seen",
    "what-left-counts-as-capacity", "maximum-is-exceeded", "placeholders-are-missing", "new-machines-are-not-recorded",
    "listing-is-not-recorded", "unlisting-is-forgotten", "running-operations-are-not-seen",
    "ended-operations-are-not-forgotten", "operations-are-lost", "an-instance-is-not-seen",
    "destructions-are-only-claimed", "draining-is-forgotten", "lines-are-garbled", "file-is-not-written",
    "old-listing-is-shown", "old-status-looks-fresh", "settle-is-ignored", "commits-are-claimed-early",
    "outcomes-are-not-recorded", "old-rows-are-written-again", "failures-are-forgotten", "early-ends-are-not-seen",
    "too-many-are-redeployed", "owners-are-ignored", "gates-are-not-set", "open-machines-look-closed",
    "one-report-is-enough", "unread-queue-is-trusted", "answers-of-gates-are-believed", "reboots-open-gates",
    "black-holes-look-fine", "steps-in-doubt-are-not-counted", "commits-are-not-fenced", "lead-is-taken-early",
    "operations-do-not-ask");
}  // namespace hydra_provisioner

namespace hydra_provisioner::simulation {

std::vector<Mutation> all_mutations();  // but `none`

// Old versions of the queue runner do not list machines. What a list says of a machine that was taken out proves more
// than that no step runs, so that some bugs do no harm where there is one.
Scenario mutated(Mutation mutation, Scenario scenario);
void mutate(Mutation mutation, const std::vector<PoolSetup>& pools, pass::World& world);
std::unique_ptr<state::Journal> mutated(Mutation mutation, state::Journal& journal);
std::unique_ptr<state::SharedJournal> mutated(Mutation mutation, sim::Farm& farm, state::Host host,
                                              std::unique_ptr<state::SharedJournal> journal);
Config mutated(Mutation mutation, Config config);

}  // namespace hydra_provisioner::simulation
