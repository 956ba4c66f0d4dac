// What each gauge shows; the table of families.cpp says what it means.
#pragma once

#include "metrics/families.hpp"

namespace hydra_provisioner::metrics {

// The queue
void queue_trusted(const Farm& farm, Values& values);
void queue_status_time(const Farm& farm, Values& values);
void runnable_steps(const Farm& farm, Values& values);
void running_steps(const Farm& farm, Values& values);
void waiting_time(const Farm& farm, Values& values);
void unplaceable_steps(const Farm& farm, Values& values);

// Pools
void machines_by_state(const Farm& farm, Values& values);
void listed_machines(const Farm& farm, Values& values);
void unhealthy_machines(const Farm& farm, Values& values);
void wanted_machines(const Farm& farm, Values& values);
void target_machines(const Farm& farm, Values& values);
void limits(const Farm& farm, Values& values);
void holds(const Farm& farm, Values& values);
void budgets(const Farm& farm, Values& values);
void operations_under_way(const Farm& farm, Values& values);
void foreign_machines(const Farm& farm, Values& values);
void cost_per_hour(const Farm& farm, Values& values);

// Passes and what they publish
void last_pass_time(const Farm& farm, Values& values);
void last_pass_succeeded(const Farm& farm, Values& values);
void publication_succeeded(const Farm& farm, Values& values);
void publication_time(const Farm& farm, Values& values);
void build_info(const Farm& farm, Values& values);

// Each machine, if metricsPerMachine is set
void machine_info(const Farm& farm, Values& values);
void machine_jobs(const Farm& farm, Values& values);
void machine_state_time(const Farm& farm, Values& values);

}  // namespace hydra_provisioner::metrics
