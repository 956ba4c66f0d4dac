#include "metrics/families.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "metrics/gauges.hpp"
#include "pass/usage.hpp"

namespace hydra_provisioner::metrics {
namespace {

using enum Type;
using enum Stability;

constexpr Family total_of(Total total, LabelNames labels, std::string_view meaning) {
  const Type type = to_string(total).ends_with("_total") ? counter : histogram;
  return {to_string(total), type, labels, meaning, stable, nullptr, total};
}

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
    {"steps_waiting_since_timestamp_seconds",
     gauge,
     {"pool"},
     "since when some step has been waiting for a machine of "
     "this type, without interruption: no step waits longer; missing if none waits",
     stable,
     waiting_time},
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
     "1: this, a code of [reasons.md](reasons.md), keeps the type from getting machines that it lacks; nothing, if "
     "nothing does",
     stable,
     holds},
    {"budget_spent_ratio",
     gauge,
     {"pool", "period"},
     "how much of a budget is spent since its day or month began, rounded down to percents; without `pool`, of the "
     "budget of all types",
     stable,
     budgets},
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
    total_of(Total::creations, {"pool"}, "machines that were to be created"),
    total_of(Total::starts, {"pool"}, "stopped machines that were to be started again"),
    total_of(Total::failures, {"pool", "class"},
             "creations and starts that failed, and new machines of no use; `class`: `capacity` (the cloud had none), "
             "`quota`, `config` (the configuration, the image or the credentials are wrong), `boot` (not ready within "
             "`bootTimeout`, or ended before that), `other`"),
    total_of(Total::stops, {"pool"}, "machines that were stopped"),
    total_of(Total::destructions, {"pool"}, "machines that were destroyed, or found gone"),
    total_of(Total::interruptions, {"pool"}, "machines in use that ended without our doing, such as spot instances"),
    total_of(
        Total::lost_step_seconds, {"pool"},
        "for how long the steps had run that were on such machines by the last status, as far as that is known: each "
        "as long as a step of its type takes on average, or as long as its machine had been busy if that is less"),
    total_of(Total::boot, {"pool"}, "from the request for a new machine until it was ready"),
    total_of(
        Total::demand_to_ready, {"pool"},
        "until a machine was ready that was made or started for waiting steps, since steps of its type began to wait "
        "without interruption: no step waited longer"),
    total_of(Total::demand_to_first_step, {"pool"},
             "the same until that machine had its first step; machines are left out that had none before the queue was "
             "empty"),
    total_of(Total::machine_seconds, {"pool", "use"},
             "for how long machines existed; `use`: `boot`, `busy`, `idle`, `drain` or `stopped`"),
    total_of(Total::cost, {"pool", "use", "currency"}, "what that cost, for types with `pricePerHour`"),
    total_of(Total::provider_calls, {"provider", "call", "outcome"},
             "what providers were asked, and operations (`create`, `start`, `stop`, `destroy`, `redeploy`) that have "
             "ended; `outcome`: `succeeded` or `failed`, as `ready` does of a machine that is not ready yet"),
    total_of(Total::provider_call_duration, {"provider", "call"}, "until the answer came, or the operation ended"),
    total_of(Total::publication_failures, {}, "attempts to publish the machines file that failed"),
    total_of(Total::pass_duration, {}, "how long passes took"),
    total_of(Total::pass_failures, {}, "passes in which something failed"),
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

using Domain = std::vector<std::string>;

Domain names(const auto& table_of_names) { return {table_of_names.begin(), table_of_names.end()}; }

// All values of a label, if they are known beforehand, in their order.
Domain domain_of(std::string_view label, const Config& config) {
  Domain domain;
  if (label == "class") domain = names(names_of<FailureClass>);
  if (label == "use") domain = names(names_of<pass::Use>);
  if (label == "pool") {
    for (const auto& [name, pool] : config.pools) domain.push_back(name.text);
  }
  std::ranges::sort(domain);
  return domain;
}

// A counter begins at 0, or else Prometheus would not see its first increase.
void begin_at_zero(const Family& family, const Config& config, Values& values) {
  std::vector<Labels> all{{}};
  for (const std::string_view label : family.labels) {
    if (label.empty()) break;
    const Domain domain = domain_of(label, config);
    std::vector<Labels> longer;
    longer.reserve(all.size() * domain.size());
    for (const Labels& labels : all) {
      for (const std::string& value : domain) {
        longer.push_back(labels);
        longer.back().push_back(value);
      }
    }
    all = std::move(longer);
  }
  for (Labels& labels : all) values.push_back({std::move(labels), 0});
}

// A pool whose provider changed while it had machines counts twice, and is one in the metrics.
Values added_up(Values values) {
  if (!std::ranges::is_sorted(values, {}, &Value::labels)) std::ranges::sort(values, {}, &Value::labels);
  Values each;
  each.reserve(values.size());
  for (Value& value : values) {
    if (!each.empty() && each.back().labels == value.labels) {
      each.back().number += value.number;
    } else {
      each.push_back(std::move(value));
    }
  }
  return each;
}

}  // namespace

std::span<const Family> all_families() { return table; }

Values values_of(const Family& family, const Farm& farm) {
  Values values;
  if (family.find != nullptr) family.find(farm, values);
  if (family.type == counter) begin_at_zero(family, farm.config, values);
  Values of_totals;
  if (family.total && farm.report.totals) {
    const Totals& totals = *farm.report.totals;
    for (auto each = totals.lower_bound({*family.total, {}}); each != totals.end(); ++each) {
      if (each->first.total != family.total) break;
      of_totals.push_back({each->first.labels, each->second});
    }
  }
  if (of_totals.empty()) return added_up(std::move(values));
  Values all;
  all.reserve(values.size() + of_totals.size());
  std::merge(std::move_iterator(values.begin()), std::move_iterator(values.end()),
             std::move_iterator(of_totals.begin()), std::move_iterator(of_totals.end()), std::back_inserter(all),
             [](const Value& a, const Value& b) { return a.labels < b.labels; });
  return added_up(std::move(all));
}

}  // namespace hydra_provisioner::metrics
