// What a run is made of: a farm, its configuration, and all that will happen in it, drawn from a seed before it begins.
// A failing run is made smaller by leaving events out.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/enum_names.hpp"
#include "model/time.hpp"
#include "sim/conditions.hpp"
#include "sim/jobs.hpp"
#include "sim/queue_runner.hpp"

namespace hydra_provisioner::simulation {

struct PoolSetup {
  std::string name;
  std::vector<std::string> step_types{};  // that arrive for it
  std::vector<std::string> supported{};   // features of its machines, none of which steps must require; none: as named
  bool spill = false;
  bool is_nixops = false;
  bool is_configured = true;
  std::int64_t min_machines = 0;
  std::int64_t max_machines = 1;
  std::int64_t runnables_per_machine = 10;
  std::int64_t max_jobs = 1;
  bool counts_work = false;
  bool stop_on_idle = false;
  std::int64_t grace_period_seconds = 0;
  std::int64_t billing_period_seconds = 0;
};

enum class EventKind : std::uint8_t {
  steps_arrive,         // for pool `which`; `count` of them, `seconds` each
  program_is_killed,    // at its `count`th waypoint from then on
  operations_go_wrong,  // the next `count`, as the fate `which`
  machines_never_boot,  // the next `count`
  machine_is_taken_away,
  machine_becomes_unresponsive,
  queue_runner_restarts,  // is down for `seconds`, and then reads its queue for 15 s times `which`, if machines join
  listing_fails,
  listing_is_stale,
  listing_is_slow,
  machines_are_unresponsive,
  specification_fails,
  specification_changes,
  status_fails,
  status_is_old,
  status_has_no_machines,
  status_has_wrong_clock,
  steps_are_unknown,
  disk_is_full,
  folder_is_gone,
  journal_fails,
  journal_is_unreadable,
  jobs_are_unknown,
  maximum_changes,  // of pool `which`, to `count`
  pool_is_toggled,  // out of the configuration, or into it
  delivery_hangs,
  operator_orders,     // the `which`th order, of pool or machine `count`, for `seconds`
  machines_end_early,  // the next `count`
  specification_is_broken,
  destructions_fail,
  builder_ends,                          // that of one machine: only where machines join
  another_installation_makes_a_machine,  // of pool `which`, with the number `count`; it notes itself if `seconds` > 0
  gate_orders_seem_to_fail,
  gate_orders_are_lost,
  machine_reboots,  // with an open gate if `count` > 0, as no good image does
  needs_are_unclear,
  machine_is_a_black_hole,  // the next that is made, for 10 s times `seconds`
  // Of hosts that share a journal: of host `which`, for `seconds`.
  host_stands_still,  // its program, as on SIGSTOP, at its `count`th waypoint from then on
  host_is_down,       // its program, from its `count`th waypoint from then on
  host_is_cut_off_from_database,
  host_is_cut_off_from_clouds,
  host_is_cut_off_from_queue_runner,
  database_is_down,     // for `seconds`
  database_fails_over,  // for `seconds`, to a copy that lacks what was written in the `count` seconds before
};

}  // namespace hydra_provisioner::simulation

namespace hydra_provisioner {
template <>
inline constexpr auto names_of<simulation::EventKind> = enum_names(
    "steps arrive", "the program is killed", "operations go wrong", "machines never boot", "a machine is taken away",
    "a machine becomes unresponsive", "the queue runner restarts", "listing fails", "listing is stale",
    "listing is slow", "machines are unresponsive", "specification fails", "specification changes", "status fails",
    "status is old", "status has no machines", "status has wrong clock", "steps are unknown", "disk is full",
    "folder is gone", "journal fails", "journal is unreadable", "jobs are unknown", "maximum changes",
    "pool is toggled", "delivery hangs", "an operator orders something", "machines end early",
    "specification is broken", "destructions fail", "a builder ends", "another installation makes a machine",
    "gate orders seem to fail", "gate orders are lost", "a machine reboots", "needs are unclear",
    "a machine is a black hole", "a host stands still", "a host is down", "a host is cut off from the database",
    "a host is cut off from the clouds", "a host is cut off from the queue runner", "the database is down",
    "the database fails over");
}  // namespace hydra_provisioner

namespace hydra_provisioner::simulation {

// Faults of any farm, of one whose machines join, and of one with several hosts. What is in between is always there in
// some scenarios.
inline constexpr EventKind last_fault = EventKind::builder_ends;
inline constexpr EventKind first_fault_of_joining = EventKind::gate_orders_seem_to_fail;
inline constexpr EventKind last_fault_of_joining = EventKind::machine_is_a_black_hole;
inline constexpr EventKind first_fault_of_hosts = EventKind::host_stands_still;
inline constexpr EventKind last_fault_of_hosts = EventKind::database_fails_over;

struct Event {
  Seconds at{};  // from the beginning
  EventKind kind = EventKind::steps_arrive;
  std::int64_t which = 0;
  std::int64_t count = 0;
  std::int64_t seconds = 0;
};
std::string to_string(const Event& event);
const std::string& step_type_of(const Event& event, const std::vector<PoolSetup>& pools);  // of steps that arrive

struct Scenario {
  std::uint64_t seed = 0;
  std::vector<Seconds> clock_errors{Seconds{0}};  // of each host; several share the journal
  bool is_daemon = true;                          // otherwise cron starts it every five minutes
  bool has_update_command = false;                // otherwise the program writes the machines file itself
  bool machines_join = false;                     // otherwise the queue runner reads that file
  bool can_wake = false;                          // the queue runner's dispatcher, where machines join
  std::int64_t interval_seconds = 15;
  std::int64_t max_parallel = 4;
  sim::Pace pace{.question = {Millis{20}, Millis{200}},
                 .journal = {Millis{0}, Millis{20}},
                 .publication = {Millis{0}, Millis{20}}};
  sim::QueueRunnerStyle style;
  std::vector<PoolSetup> pools;
  std::vector<Event> events;  // by time
  Seconds faults_end_at{};    // from then on nothing goes wrong

  bool is_shared() const { return clock_errors.size() > 1; }
};

Scenario draw_scenario(std::uint64_t seed);
std::string to_string(const Scenario& scenario);

}  // namespace hydra_provisioner::simulation
