// What a run is made of: a farm, its configuration, and all that will happen in it, drawn from a seed before it begins.
// So a failing run is made smaller by leaving things out.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/time.hpp"
#include "sim/jobs.hpp"
#include "sim/pace.hpp"
#include "sim/queue_runner.hpp"

namespace hydra_provisioner::simulation {

struct PoolSetup {
  std::string name;
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

enum class Kind : std::uint8_t {
  steps_arrive,         // of pool `which`; `count` of them, `seconds` each
  program_is_killed,    // at the `count`th point from then on
  operations_go_wrong,  // the next `count`, as the fate `which`
  machines_never_boot,  // the next `count`
  machine_is_taken_away,
  machine_goes_deaf,
  queue_runner_restarts,
  listing_fails,
  listing_is_stale,
  listing_is_slow,
  machines_are_deaf,
  specification_fails,
  specification_changes,
  status_fails,
  status_is_old,
  status_has_no_machines,
  status_has_wrong_clock,
  disk_is_full,
  folder_is_gone,
  journal_fails,
  journal_is_unreadable,
  jobs_are_unknown,
  maximum_changes,  // of pool `which`, to `count`
  pool_is_toggled,  // out of the configuration, or into it
  delivery_hangs,
  operator_orders,  // the `which`th order, of pool or machine `count`, for `seconds`
};
inline constexpr int kinds = static_cast<int>(Kind::operator_orders) + 1;

struct Happening {
  Seconds at{};  // from the beginning
  Kind kind = Kind::steps_arrive;
  std::int64_t which = 0;
  std::int64_t count = 0;
  std::int64_t seconds = 0;
};
std::string to_string(const Happening& happening);

struct Scenario {
  std::uint64_t seed = 0;
  bool is_daemon = true;            // else cron starts it every five minutes
  bool has_update_command = false;  // else it writes the machines file itself
  std::int64_t interval_seconds = 15;
  std::int64_t max_parallel = 4;
  sim::Pace pace{.question = {Millis{20}, Millis{200}},
                 .journal = {Millis{0}, Millis{20}},
                 .publication = {Millis{0}, Millis{20}}};
  sim::QueueRunnerStyle style;
  std::vector<PoolSetup> pools;
  std::vector<Happening> happenings;  // by time
  Seconds calm_from{};                // from then on nothing goes wrong
};

Scenario draw_scenario(std::uint64_t seed);
std::string to_string(const Scenario& scenario);

}  // namespace hydra_provisioner::simulation
