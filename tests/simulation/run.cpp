#include "tests/simulation/run.hpp"

#include <chrono>
#include <exception>

#include <fmt/format.h>

#include "sim/farm.hpp"
#include "tests/simulation/faults.hpp"
#include "tests/simulation/hosts.hpp"
#include "tests/simulation/invariants.hpp"
#include "tests/simulation/setup.hpp"

namespace hydra_provisioner::simulation {
namespace {

// Longer than a hung operation, the rest after many failures and a billing period together.
constexpr Seconds rest_comes_within{3 * 3600};
constexpr Millis between_looks{60'000};

sim::QueueRunnerStyle with_joining(const Scenario& scenario) {
  sim::QueueRunnerStyle style = scenario.style;
  style.joining = joining(scenario);
  return style;
}

class Run {
 public:
  Run(const Scenario& scenario, const Terms& terms)
      : scenario_(scenario),
        is_strict_(terms.is_strict),
        farm_({.seed = scenario.seed,
               .style = with_joining(scenario),
               .pace = scenario.pace,
               .detail = terms.keeps_chronicle ? sim::ChronicleDetail::lines : sim::ChronicleDetail::hash},
              invariants_),
        hosts_(watched(), scenario, invariants_, terms.mutation) {
    for (const Event& event : scenario_.events) {
      farm_.timeline.after(event.at, [this, &event] { apply(farm_, hosts_, invariants_, event); });
    }
    farm_.timeline.after(scenario_.faults_end_at, [this] {
      end_all_faults(farm_, hosts_);
      quiet_since_ = farm_.timeline.now();
      look();
    });
  }

  Outcome run() {
    while (!is_at_rest_ && !invariants_.violation()) {
      hosts_.go_on();
      farm_.timeline.go_on();
    }
    return {.violation = invariants_.violation(),
            .stuck = stuck_,
            .hash = farm_.chronicle.hash(),
            .passes = hosts_.passes(),
            .lines = farm_.chronicle.lines()};
  }

 private:
  sim::Farm& watched() {
    invariants_.watch(farm_);
    return farm_;
  }

  void look() {
    const std::string why = invariants_.why_not_at_rest();
    is_at_rest_ = why.empty() && !hosts_.any_stands_still();
    if (is_at_rest_) return;
    if (farm_.queue.running_steps() > 0) quiet_since_ = farm_.timeline.now();
    if (farm_.timeline.now() - quiet_since_ > rest_comes_within) rest_has_not_come(why);
    farm_.timeline.after(between_looks, [this] { look(); });
  }

  // The program keeps a machine that may have been listed and that the queue runner never saw, until the queue runner
  // has restarted, because only that proves that the machine is idle. The queue runner is restarted once.
  void rest_has_not_come(const std::string& why) {
    if (is_strict_ || !stuck_.empty())
      return invariants_.violate(fmt::format("no rest {} s after the last fault: {}", rest_comes_within.count(), why));
    stuck_ = why;
    quiet_since_ = farm_.timeline.now();
    farm_.queue.restart(Seconds{5});
  }

  const Scenario& scenario_;
  bool is_strict_;
  Invariants invariants_;
  sim::Farm farm_;
  Hosts hosts_;
  sim::Time quiet_since_;
  bool is_at_rest_ = false;
  std::string stuck_;  // why it did not come to rest before the queue runner was restarted
};

}  // namespace

Outcome run(const Scenario& scenario, const Terms& terms) {
  return Run(mutated(terms.mutation, scenario), terms).run();
}

}  // namespace hydra_provisioner::simulation
