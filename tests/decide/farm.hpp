// A farm in the words of a test: its pools, their machines, and what the queue runner says of them at noon.
//
//   const Plan p = farm().pool("big", {.grace_period = 600s}).has(ready(1).idle_for(660s)).decided();
//   EXPECT_EQ(reason_of<ActionKind::drain>(p, 1), "surplus, idle 660 s ≥ grace 600 s");
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/config.hpp"
#include "model/machine.hpp"
#include "model/plan.hpp"
#include "model/queue.hpp"
#include "model/snapshot.hpp"
#include "tests/support/usual.hpp"

namespace hydra_provisioner::decide {

using support::noon;

// A pool's settings. Their defaults make sums easy: a machine for each runnable step, ten at most.
ProviderSettings default_settings_of(ProviderKind kind);

struct Settings {
  std::int64_t min_machines = 0;
  std::int64_t max_machines = 10;
  std::int64_t spare_machines = 0;
  std::int64_t standby_machines = 0;
  std::int64_t ignored_runnables = 0;
  std::int64_t runnables_per_machine = 1;
  Scaling scaling = Scaling::runnables;
  Seconds target_wait{300};
  std::int64_t max_jobs = 1;
  bool jobs_by_machine = false;
  bool stop_on_idle = false;
  Seconds grace_period{0};
  std::int64_t spare_slots = 0;
  bool spares_by_arrivals = false;
  std::optional<Seconds> billing_period{};
  Seconds boot_timeout{1800};
  std::optional<Seconds> max_age{};
  std::int64_t max_unavailable = 1;
  std::optional<bool> replace_on_change{};
  std::int64_t consecutive_failures = 4;
  std::optional<std::int64_t> max_unhealthy{};
  ProviderKind provider = ProviderKind::local;
  std::optional<MachineKind> type{};  // none: as the pool's name says
  bool spill = false;
};

// Machine hydra-provisioned-N, and its entry in the queue runner's status. Made by the functions below; spans of time
// end at noon.
class MachineSeen {
 public:
  MachineSeen(std::int64_t number, MachineState state);

  // As the queue runner sees it.
  MachineSeen& busy(std::int64_t jobs);
  MachineSeen& idle_for(Seconds span);
  MachineSeen& shown_out(std::string proof);  // by its own reports
  MachineSeen& first_out(Seconds ago);        // by the first of the reports that may prove it
  MachineSeen& missing_for(Seconds span);     // from the queue runner's documents
  MachineSeen& has_double();                  // of its name
  MachineSeen& doubted(std::string why);      // what it reports
  MachineSeen& closed_for(Seconds span);      // while it was listed, by its own reports
  MachineSeen& never_used();                  // no job since the queue runner started
  MachineSeen& says(QueueMachine entry);
  MachineSeen& steps_under_way(std::int64_t steps);  // by Hydra's database, beside what the queue runner says
  MachineSeen& absent();
  MachineSeen& failing(std::int64_t times);  // for the queue runner, in a row, a minute ago for the last time

  // As we know it.
  MachineSeen& requested_for(Seconds span);
  MachineSeen& launched_for(Seconds span);
  MachineSeen& ready_for(Seconds span);
  MachineSeen& listed_for(Seconds span);        // since it was last put into the file
  MachineSeen& first_listed_for(Seconds span);  // since it was first put into the file
  MachineSeen& unlisted_for(Seconds span);
  MachineSeen& was_listed_for(Seconds span);  // by our clock
  MachineSeen& still_listed();
  MachineSeen& never_listed();
  MachineSeen& interrupted();
  MachineSeen& under_way(Operation operation);
  MachineSeen& vanished();
  MachineSeen& noticed(std::string notice);  // of its end, by its cloud
  MachineSeen& exists();                     // as far as its provider has said
  MachineSeen& unclear(std::string why);
  MachineSeen& refuses_to_stop();
  MachineSeen& failed_with(std::string error);
  // For the last time that long ago.
  MachineSeen& failed_at(Operation operation, std::int64_t times, Seconds ago);
  MachineSeen& made_from(std::string spec_hash);
  MachineSeen& needs_redeploy();
  MachineSeen& cannot_redeploy();
  MachineSeen& leaves_in_turn();
  MachineSeen& seen_idle_for(Seconds span);  // of a queue that does not say since when
  MachineSeen& checked_for(Seconds span);    // since it was last checked
  MachineSeen& unanswered_for(Seconds span);
  MachineSeen& billed_by(Seconds period);      // unless its pool says otherwise
  MachineSeen& builds(std::int64_t max_jobs);  // at a time
  MachineSeen& kept_alive_for(Seconds span);   // since it was last told that it is needed

  const Machine& machine() const { return machine_; }
  const std::optional<QueueMachine>& entry() const { return entry_; }

 private:
  Machine machine_;
  std::optional<QueueMachine> entry_;
};

MachineSeen coming(std::int64_t number);  // creating for 60 s, never listed
MachineSeen ready(std::int64_t number);   // listed for hours, idle for one
// Out of the machines file for ten minutes, and proven idle.
MachineSeen draining(std::int64_t number);
MachineSeen stopping(std::int64_t number);
MachineSeen stopped(std::int64_t number);
MachineSeen destroying(std::int64_t number);
MachineSeen failed(std::int64_t number);

class Farm {
 public:
  Farm& pool(const std::string& name, Settings settings = {});
  Farm& retired_pool(const std::string& name, Settings settings = {});  // not configured any more

  // Machines of the pool that was named last.
  template <class... Machines>
  Farm& has(Machines... machines) {
    (add(machines), ...);
    return *this;
  }

  Farm& runnable(const std::string& step_type, std::int64_t count);
  Farm& running(const std::string& step_type, std::int64_t count);
  Farm& new_machines_build(const std::string& pool, std::int64_t max_jobs);  // at a time
  Farm& started(Instant queue_runner_start);
  Farm& started_unknown();
  Farm& clock_ahead(Seconds difference);  // the queue runner's, of ours
  Farm& has_built(StepHistory kind);
  Farm& steps_will_take(const std::string& system, Seconds each);  // by Hydra's database
  Farm& unasked(const std::string& what);
  Farm& answered_ago(Seconds span);   // the queue runner; since then the pass has gone on
  Farm& hides_machines();             // that have the name of another one
  Farm& from_program();               // which describes a queue that is not Hydra's
  Farm& machines_join();              // and report to the queue runner, which knows them by their ids
  Farm& elsewhere(MachineKind kind);  // of a machine that is not ours
  Farm& no_machines_in_status();      // `machines` is null or missing
  Farm& untrusted(const std::string& why);
  Farm& unseen(const std::string& why);  // the machines of the pool that was named last
  Farm& failed_passes(const std::string& pool, std::int64_t count, Instant last);
  Farm& failures(const std::string& pool, std::vector<Instant> times);
  Farm& counted_from(const std::string& pool, Instant from);
  Farm& refused_to_stop(const std::string& pool, Instant time);
  Farm& failed_last(const std::string& pool, std::string why);
  Farm& specification(const std::string& pool, std::optional<std::string> hash);
  Farm& ordered(OrderKind kind, const std::string& whom, std::int64_t value = 0);
  Farm& ordered_ago(Seconds ago, OrderKind kind, const std::string& whom);
  Farm& ordered_until(Instant end, OrderKind kind, const std::string& whom, std::int64_t value = 0);
  Farm& scheduled(const std::string& pool, ScheduledLimits limits);
  Farm& unpublished_for(Seconds span, const std::string& why);
  Farm& budget(BudgetUse use);
  Farm& steps_took(const std::string& pool, Seconds each);  // before the queue runner restarted
  Farm& saw(const std::string& pool, RecentSteps recent);
  Farm& checks_every(ProviderKind provider, Seconds span);
  Farm& can_probe(ProviderKind provider);
  Farm& settle(Seconds span);
  Farm& builtin_system(const std::string& system);
  Farm& quiet(Seconds span);
  Farm& at(Instant now);  // of the pass, and of the status

  Plan decided() const;
  Snapshot seen() const;
  const Config& config() const { return config_; }

 private:
  void add(const MachineSeen& seen);
  StepTypeCount& step_type(const std::string& key);

  Config config_;
  Snapshot snapshot_;
  QueueStatus status_;
  std::map<std::string, QueueMachine> entries_;
  bool lists_machines_ = true;
  std::optional<std::string> untrusted_;
  Seconds answered_ago_{0};
  Seconds clock_ahead_{0};
  PoolName pool_;
  ProviderKind provider_ = ProviderKind::local;
};

// The queue runner has been up for a day. New machines are numbered from 100.
Farm farm();
Farm farm(const std::string& pool, Settings settings = {});

// "create 14, drain 3, keep 11"
std::string actions_of(const Plan& plan);

const PoolPlan& pool_plan(const Plan& plan, const std::string& name);

const Action& action_on(const Plan& plan, std::int64_t number);
std::optional<Instant> until_of(const Plan& plan, std::int64_t number);

// Why machine N is created, drained and so on; "keep: …" when it is something else that is done with it.
template <ActionKind kind>
std::string reason_of(const Plan& plan, std::int64_t number) {
  const Action& action = action_on(plan, number);
  const std::string& text = action.reason.text;
  return action.kind == kind ? text : std::string(to_string(action.kind)) + ": " + text;
}

}  // namespace hydra_provisioner::decide
