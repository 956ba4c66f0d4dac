#include "metrics/families.hpp"

#include "metrics/gauges.hpp"

namespace hydra_provisioner::metrics {
namespace {

using enum Type;
using enum Stability;

constexpr Family table[] = {
    {"queue_trusted",
     gauge,
     {},
     "1 if the last pass could trust the queue runner's status, else 0",
     stable,
     queue_trusted},
    {"queue_status_timestamp_seconds",
     gauge,
     {},
     "when the queue runner wrote the status that the last pass used, by "
     "its clock; missing while that is not trusted",
     stable,
     queue_status_time},
    {"steps_runnable", gauge, {"pool"}, "steps that wait for a machine of this type", stable, runnable_steps},
    {"steps_running", gauge, {"pool"}, "steps of this type that run on machines", stable, running_steps},
    {"steps_unplaceable",
     gauge,
     {"step_type"},
     "runnable steps that fit no configured type; `others`: all beyond "
     "twenty such types of steps",
     stable,
     unplaceable_steps},
    {"machines", gauge, {"pool", "state"}, "machines that exist", stable, machines_by_state},
    {"machines_listed", gauge, {"pool"}, "machines in the machines file, or open to steps", stable, listed_machines},
    {"machines_unhealthy",
     gauge,
     {"pool"},
     "machines that do not work, as `maxUnhealthy` counts them",
     stable,
     unhealthy_machines},
    {"machines_wanted", gauge, {"pool"}, "how many machines the queue alone asks for", stable, wanted_machines},
    {"machines_target",
     gauge,
     {"pool"},
     "how many machines there should be, within the limits",
     stable,
     target_machines},
    {"machines_limit",
     gauge,
     {"pool", "limit", "source"},
     "the limits in force; `limit`: `min` or `max`; `source`: "
     "`configuration`, `schedule` or `order`",
     stable,
     limits},
    {"creation_held",
     gauge,
     {"pool", "reason"},
     "1 if this keeps the type from getting machines that it lacks, else "
     "0",
     stable,
     holds},
    {"operations_under_way",
     gauge,
     {"pool", "operation"},
     "machines with which the provider is at work",
     stable,
     operations_under_way},
    {"foreign_machines",
     gauge,
     {"provider"},
     "machines with this tag that another installation made",
     stable,
     foreign_machines},
    {"cost_per_hour",
     gauge,
     {"pool", "use", "currency"},
     "what the machines that exist cost, for types with "
     "`pricePerHour`",
     stable,
     cost_per_hour},
    {"last_pass_timestamp_seconds", gauge, {}, "when the last pass ended", stable, last_pass_time},
    {"last_pass_succeeded", gauge, {}, "1 if nothing failed in the last pass, else 0", stable, last_pass_succeeded},
    {"publication_succeeded",
     gauge,
     {},
     "1 if the machines file is published as it should be, else 0",
     stable,
     publication_succeeded},
    {"publication_timestamp_seconds",
     gauge,
     {},
     "when the present machines file was published; while "
     "`publication_succeeded` is 0, since when that fails",
     stable,
     publication_time},
    {"build_info", gauge, {"version", "commit"}, "always 1", stable, build_info},
    {"machine_info",
     gauge,
     {"machine", "pool", "provider", "instance"},
     "always 1; with `metricsPerMachine`",
     experimental,
     machine_info},
    {"machine_jobs",
     gauge,
     {"machine", "pool"},
     "steps on the machine; with `metricsPerMachine`",
     experimental,
     machine_jobs},
    {"machine_state_timestamp_seconds",
     gauge,
     {"machine", "pool", "state"},
     "since when the machine is in its state; "
     "with `metricsPerMachine`",
     experimental,
     machine_state_time},
};

}  // namespace

std::span<const Family> all_families() { return table; }

}  // namespace hydra_provisioner::metrics
