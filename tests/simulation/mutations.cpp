#include "tests/simulation/mutations.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <tuple>
#include <utility>

#include "providers/decorator.hpp"
#include "tests/simulation/setup.hpp"

namespace hydra_provisioner::simulation {
namespace {

// What each machine was last told, and has confirmed.
using Answers = std::map<MachineId, providers::BuilderOrder>;

class LyingQueue final : public observe::QueueSource {
 public:
  LyingQueue(std::shared_ptr<observe::QueueSource> honest, Mutation mutation,
             std::shared_ptr<const Answers> answers = {})
      : honest_(std::move(honest)), mutation_(mutation), answers_(std::move(answers)) {}

  io::Task<Queue> read() override {
    Queue queue = co_await honest_->read();
    if (!queue || !queue->machines) co_return queue;
    for (auto& [name, machine] : *queue->machines) {
      if (answers_ && machine.enabled && answers_->contains(MachineId{name}))
        machine.enabled = answers_->at(MachineId{name}) == providers::BuilderOrder::open;
      if (mutation_ == Mutation::open_machines_look_closed && queue->machines_join && machine.enabled)
        machine.enabled = false;
      if (mutation_ == Mutation::black_holes_look_fine) machine.trouble.clear();
      if (mutation_ == Mutation::steps_under_way_are_not_seen && machine.steps_under_way) machine.steps_under_way = 0;
      if (mutation_ != Mutation::busy_machines_look_idle) continue;
      machine.current_jobs = 0;
      machine.idle_since = Instant{};
    }
    co_return queue;
  }
  io::Task<Expected<void>> wake() override { return honest_->wake(); }

 private:
  std::shared_ptr<observe::QueueSource> honest_;
  Mutation mutation_;
  std::shared_ptr<const Answers> answers_;  // which it shows instead of what machines report
};

// For each machine that was taken out of the file, its pool seems to need one less.
class UndercountingQueue final : public observe::QueueSource {
 public:
  UndercountingQueue(std::shared_ptr<observe::QueueSource> honest, std::int64_t steps_per_machine)
      : honest_(std::move(honest)), steps_per_machine_(steps_per_machine) {}

  io::Task<Queue> read() override {
    Queue queue = co_await honest_->read();
    if (!queue || !queue->machines) co_return queue;
    const auto left =
        std::ranges::count_if(*queue->machines, [](const auto& entry) { return entry.second.enabled == false; });
    for (StepTypeCount& steps : queue->step_types)
      steps.runnable = std::max<std::int64_t>(steps.runnable - left * steps_per_machine_, 0);
    co_return queue;
  }

 private:
  std::shared_ptr<observe::QueueSource> honest_;
  std::int64_t steps_per_machine_;
};

// The status of the pass before, as if it were of now.
class OutdatedQueue final : public observe::QueueSource {
 public:
  explicit OutdatedQueue(std::shared_ptr<observe::QueueSource> honest) : honest_(std::move(honest)) {}

  io::Task<Queue> read() override {
    Queue queue = co_await honest_->read();
    if (!queue) co_return queue;
    QueueStatus shown = std::exchange(last_, *queue).value_or(*queue);
    shown.time = queue->time;
    shown.arrived = queue->arrived;
    co_return shown;
  }

 private:
  std::shared_ptr<observe::QueueSource> honest_;
  std::optional<QueueStatus> last_;
};

class LyingProvider final : public providers::ProviderDecorator {
 public:
  LyingProvider(std::unique_ptr<providers::Provider> honest, Mutation mutation, std::shared_ptr<Answers> answers = {})
      : ProviderDecorator(std::move(honest)), mutation_(mutation), answers_(std::move(answers)) {}

  io::Task<Expected<Inventory>> list(providers::ListRequest request) override {
    auto shown = co_await provider_->list(std::move(request));
    if (!shown) co_return shown;
    if (mutation_ == Mutation::early_ends_are_not_seen) {
      for (Instance& instance : shown->instances) {
        if (instance.state == InstanceState::ended) instance.state = InstanceState::incomplete;
      }
    }
    if (mutation_ == Mutation::owners_are_ignored) {
      for (Instance& instance : shown->instances) instance.owner = own_installation;
    }
    if (mutation_ == Mutation::an_instance_is_not_seen && !shown->instances.empty())
      shown->instances.erase(shown->instances.begin());
    if (mutation_ == Mutation::old_listing_is_shown) co_return std::exchange(last_, *shown).value_or(*shown);
    co_return shown;
  }
  io::Task<Expected<void>> ready(Instance instance, PoolConfig pool) override {
    if (mutation_ == Mutation::machines_look_ready) co_return Expected<void>{};
    co_return co_await provider_->ready(std::move(instance), std::move(pool));
  }
  io::Task<Expected<void>> tell_builder(Instance instance, PoolConfig pool, providers::BuilderOrder order) override {
    using enum Mutation;
    const bool is_lost = mutation_ == gates_are_not_set ||
                         (mutation_ == open_machines_look_closed && order == providers::BuilderOrder::close);
    if (is_lost) co_return Expected<void>{};
    const MachineId machine = instance.machine;
    auto told = co_await provider_->tell_builder(std::move(instance), std::move(pool), order);
    if (told && answers_) (*answers_)[machine] = order;
    co_return told;
  }

 private:
  Mutation mutation_;
  std::shared_ptr<Answers> answers_;
  std::optional<Inventory> last_;
};

class LyingJobs final : public act::Jobs {
 public:
  LyingJobs(std::unique_ptr<act::Jobs> honest, Mutation mutation) : honest_(std::move(honest)), mutation_(mutation) {}

  Expected<std::vector<JobState>> list() override {
    auto states = honest_->list();
    if (states && mutation_ == Mutation::running_operations_are_not_seen)
      std::erase_if(*states, [](const JobState& state) { return state.is_running; });
    return states;
  }
  Expected<void> begin(const act::JobRequest& request) override {
    if (mutation_ == Mutation::operations_are_lost) return {};
    if (claims_only(request.operation)) return {};
    if (mutation_ != Mutation::operations_do_not_ask) return honest_->begin(request);
    act::JobRequest unasked = request;
    unasked.lead.reset();
    return honest_->begin(unasked);
  }
  void distrust_before(std::int64_t epoch) override { honest_->distrust_before(epoch); }
  io::Task<JobState> wait(MachineId machine, Operation operation, Instant until) override {
    if (claims_only(operation))
      co_return JobState{.machine = machine, .operation = operation, .result = JobResult(std::nullopt)};
    co_return co_await honest_->wait(std::move(machine), operation, until);
  }
  Expected<void> forget(const MachineId& machine) override {
    if (mutation_ == Mutation::ended_operations_are_not_forgotten) return {};
    return honest_->forget(machine);
  }
  std::int64_t first_unused_number() const override { return honest_->first_unused_number(); }
  void forget_logs(const std::set<MachineId>& existing, Instant before) override {
    honest_->forget_logs(existing, before);
  }
  std::string log_file(const MachineId& machine) const override { return honest_->log_file(machine); }

 private:
  bool claims_only(Operation operation) const {
    return mutation_ == Mutation::destructions_are_only_claimed && operation == Operation::destroy;
  }

  std::unique_ptr<act::Jobs> honest_;
  Mutation mutation_;
};

class LyingPublisher final : public publish::Publisher {
 public:
  LyingPublisher(std::unique_ptr<publish::Publisher> honest, Mutation mutation)
      : honest_(std::move(honest)), mutation_(mutation) {}

  std::string destination() const override { return honest_->destination(); }
  io::Task<Expected<bool>> publish(std::string content, std::optional<LastDelivery> last, Instant now) override {
    if (mutation_ == Mutation::file_is_not_written) co_return true;
    content += "root@elsewhere.example x86_64-linux - many 1 - - -\n";
    co_return co_await honest_->publish(std::move(content), std::move(last), now);
  }

 private:
  std::unique_ptr<publish::Publisher> honest_;
  Mutation mutation_;
};

class LyingJournal final : public state::Journal {
 public:
  LyingJournal(state::Journal& honest, Mutation mutation) : honest_(honest), mutation_(mutation) {}

  io::Task<Expected<state::Memory>> load(Instant now) override {
    if (claimed_) std::ignore = co_await honest_.commit(*std::exchange(claimed_, std::nullopt));
    auto memory = co_await honest_.load(now);
    if (memory && mutation_ == Mutation::unlisting_is_forgotten) {
      for (Machine& machine : memory->machines) machine.listing.ended_at.reset();
    }
    if (memory && mutation_ == Mutation::one_report_is_enough) {
      for (Machine& machine : memory->machines) machine.listing.seen_out_at = machine.listing.ended_at;
    }
    if (memory && mutation_ == Mutation::failures_are_forgotten) {
      for (Machine& machine : memory->machines) machine.failures = {};
    }
    if (memory && mutation_ == Mutation::draining_is_forgotten) {
      for (Machine& machine : memory->machines) {
        if (machine.state == MachineState::draining) machine.state = MachineState::ready;
      }
    }
    co_return memory;
  }
  io::Task<Expected<void>> commit(state::Changes changes) override {
    if (mutation_ == Mutation::new_machines_are_not_recorded) {
      std::erase_if(changes.machines, [](const Machine& machine) { return machine.instance.text.empty(); });
    }
    if (mutation_ == Mutation::listing_is_not_recorded) {
      for (Machine& machine : changes.machines) machine.listing.first_began_at.reset();
    }
    if (mutation_ == Mutation::outcomes_are_not_recorded) {
      std::erase_if(changes.machines, [](const Machine& machine) {
        return machine.state == MachineState::gone || machine.state == MachineState::stopped;
      });
    }
    if (mutation_ == Mutation::commits_are_claimed_early) {
      // It is written before the next one.
      if (claimed_) std::ignore = co_await honest_.commit(*std::exchange(claimed_, std::nullopt));
      claimed_ = std::move(changes);
      co_return Expected<void>{};
    }
    if (mutation_ == Mutation::old_rows_are_written_again) {
      state::Changes again;
      again.machines = std::exchange(rows_, changes.machines);
      auto written = co_await honest_.commit(std::move(changes));
      std::ignore = co_await honest_.commit(std::move(again));
      co_return written;
    }
    co_return co_await honest_.commit(std::move(changes));
  }

  io::Task<Expected<void>> confirm() override { return honest_.confirm(); }
  std::optional<state::Lead> lead() const override { return honest_.lead(); }

 private:
  state::Journal& honest_;
  Mutation mutation_;
  std::optional<state::Changes> claimed_;
  std::vector<Machine> rows_;  // of the commit before
};

// Of hosts that share a journal.
class LyingSharedJournal final : public state::SharedJournal {
 public:
  LyingSharedJournal(Mutation mutation, sim::Farm& farm, state::Host host, std::unique_ptr<state::SharedJournal> honest)
      : mutation_(mutation), farm_(farm), host_(std::move(host)), honest_(std::move(honest)) {}

  // The lease of the one who leads is not waited for.
  io::Task<Expected<state::Standing>> take_lead(Millis lease) override {
    auto standing = co_await honest_->take_lead(lease);
    const bool is_too_early = standing && !standing->leads && mutation_ == Mutation::lead_is_taken_early;
    if (is_too_early) farm_.database.end_session_of_leader();
    co_return standing;
  }
  // It is written whoever leads.
  io::Task<Expected<void>> commit(state::Changes changes) override {
    auto written = co_await honest_->commit(changes);
    if (written || mutation_ != Mutation::commits_are_not_fenced || !farm_.database.is_up()) co_return written;
    farm_.observer.host_commits(host_.id, changes.machines);
    farm_.journal.write(std::move(changes));
    co_return Expected<void>{};
  }
  io::Task<Expected<void>> renew_lead() override { return honest_->renew_lead(); }
  io::Task<void> stand_by() override { return honest_->stand_by(); }
  io::Task<void> give_up_lead() override { return honest_->give_up_lead(); }
  void stop_waiting() override { honest_->stop_waiting(); }
  Millis clock_ahead() const override { return honest_->clock_ahead(); }
  io::Task<Expected<state::Memory>> load(Instant now) override { return honest_->load(now); }
  io::Task<Expected<void>> confirm() override { return honest_->confirm(); }
  std::optional<state::Lead> lead() const override { return honest_->lead(); }

 private:
  Mutation mutation_;
  sim::Farm& farm_;
  state::Host host_;
  std::unique_ptr<state::SharedJournal> honest_;
};

}  // namespace

std::vector<Mutation> all_mutations() {
  std::vector<Mutation> all;
  for (std::size_t n = 1; n < names_of<Mutation>.size(); ++n) all.push_back(static_cast<Mutation>(n));
  return all;
}

namespace {

// Several machines of a pool that can be redeployed must be in use when the specification changes.
Scenario with_redeploys(Scenario scenario) {
  scenario.machines_join = scenario.can_wake = false;
  for (PoolSetup& pool : scenario.pools) {
    pool.is_nixops = true;
    pool.min_machines = pool.max_machines = std::max<std::int64_t>(pool.max_machines, 3);
  }
  scenario.events.push_back({.at = scenario.faults_end_at - Seconds{1}, .kind = EventKind::specification_changes});
  return scenario;
}

Scenario with_early_ends(Scenario scenario) {
  scenario.events.push_back({.at = Seconds{1}, .kind = EventKind::machines_end_early, .count = 10});
  return scenario;
}

// Every other step is in doubt. Here they arrive alone, when no machine is there for others.
Scenario with_steps_in_doubt(Scenario scenario) {
  scenario.style.needs_are_found = false;
  for (PoolSetup& pool : scenario.pools) pool.min_machines = 0;
  for (const int part : {1, 2, 3, 4})
    scenario.events.push_back(
        {.at = scenario.faults_end_at * part / 5, .kind = EventKind::steps_arrive, .count = 1, .seconds = 1});
  return scenario;
}

Scenario with_an_old_queue_runner(Scenario scenario) {
  scenario.machines_join = scenario.can_wake = false;
  scenario.style.lists_machines = false;
  scenario.style.releases_early = false;
  return scenario;
}

Scenario with_a_database(Scenario scenario) {
  scenario.machines_join = scenario.can_wake = false;
  scenario.style.lists_machines = scenario.style.releases_early = scenario.style.has_database = true;
  return scenario;
}

// Machines are drained again and again while steps go on arriving, one by one.
Scenario with_drains(Scenario scenario) {
  if (!scenario.machines_join) return scenario;
  scenario.is_daemon = true;
  scenario.interval_seconds = 5;
  scenario.pace = {};
  scenario.style.ping_interval = Seconds{10};
  for (PoolSetup& pool : scenario.pools) pool.min_machines = pool.max_machines;
  for (std::int64_t n = 0; n < 100; ++n) {
    const Seconds at = scenario.faults_end_at * (n + 1) / 101;
    scenario.events.push_back({.at = at, .which = n % std::ssize(scenario.pools), .count = 1, .seconds = 20});
    if (n % 4 == 0)
      scenario.events.push_back({.at = at, .kind = EventKind::operator_orders, .which = 1, .count = n, .seconds = 600});
  }
  return scenario;
}

// The queue runner starts again and again, does not say that it has not read its queue, and takes minutes for that, in
// which machines become ready.
Scenario with_unread_queues(Scenario scenario) {
  scenario.style.counts_queue_checks = false;
  for (Seconds at{200}; at < scenario.faults_end_at; at += Seconds{500})
    scenario.events.push_back({.at = at, .kind = EventKind::queue_runner_restarts, .which = 20, .seconds = 5});
  return scenario;
}

Scenario with_failing_destructions(Scenario scenario) {
  const std::int64_t always = scenario.faults_end_at.count();
  scenario.events.push_back({.at = Seconds{1}, .kind = EventKind::destructions_fail, .seconds = always});
  return scenario;
}

Scenario with_lost_gate_orders(Scenario scenario) {
  const std::int64_t always = scenario.faults_end_at.count();
  scenario.events.push_back({.at = Seconds{1}, .kind = EventKind::gate_orders_are_lost, .seconds = always});
  return scenario;
}

// Also before the program knows that they are ready.
Scenario with_open_reboots(Scenario scenario) {
  if (!scenario.machines_join) return scenario;
  std::int64_t which = 0;
  for (Seconds at{100}; at < scenario.faults_end_at; at += Seconds{20})
    scenario.events.push_back({.at = at, .kind = EventKind::machine_reboots, .which = which++, .count = 1});
  return scenario;
}

Scenario with_black_holes(Scenario scenario) {
  if (!scenario.machines_join) return scenario;
  for (std::int64_t n = 0; n < 10; ++n)
    scenario.events.push_back({.at = Seconds{1}, .kind = EventKind::machine_is_a_black_hole, .seconds = 10'000});
  return scenario;
}

// Two hosts. The one that leads stands still for longer than its lease while it makes many machines, again and again.
Scenario with_hosts(Scenario scenario) {
  scenario.is_daemon = true;
  scenario.interval_seconds = 15;
  scenario.max_parallel = 20;
  scenario.clock_errors.assign(2, Seconds{0});
  scenario.pace = {};
  for (PoolSetup& pool : scenario.pools) {
    pool.is_nixops = pool.stop_on_idle = false;
    pool.max_machines = 20;
    pool.runnables_per_machine = pool.max_jobs = 1;
  }
  for (std::int64_t n = 0; n < 10; ++n) {
    const Seconds at = Seconds{100} + scenario.faults_end_at * n / 11;
    scenario.events.push_back({.at = at, .count = 20, .seconds = 20});
    for (const std::int64_t host : {0, 1})
      scenario.events.push_back(
          {.at = at, .kind = EventKind::host_stands_still, .which = host, .count = 17 * n % 100, .seconds = 60});
  }
  return scenario;
}

}  // namespace

Scenario mutated(Mutation mutation, Scenario scenario) {
  if (mutation == Mutation::too_many_are_redeployed) return with_redeploys(std::move(scenario));
  if (mutation == Mutation::early_ends_are_not_seen) return with_early_ends(std::move(scenario));
  if (mutation == Mutation::failures_are_forgotten) return with_failing_destructions(std::move(scenario));
  if (mutation == Mutation::one_report_is_enough) return with_drains(std::move(scenario));
  if (mutation == Mutation::answers_of_gates_are_believed)
    return with_lost_gate_orders(with_drains(std::move(scenario)));
  if (mutation == Mutation::reboots_open_gates) return with_open_reboots(std::move(scenario));
  if (mutation == Mutation::black_holes_look_fine) return with_black_holes(std::move(scenario));
  if (mutation == Mutation::steps_in_doubt_are_not_counted) return with_steps_in_doubt(std::move(scenario));
  if (mutation == Mutation::commits_are_not_fenced || mutation == Mutation::lead_is_taken_early ||
      mutation == Mutation::operations_do_not_ask)
    return with_hosts(std::move(scenario));
  if (mutation == Mutation::steps_under_way_are_not_seen) return with_a_database(std::move(scenario));
  if (mutation == Mutation::unread_queue_is_trusted) return with_unread_queues(std::move(scenario));
  if (mutation != Mutation::old_status_looks_fresh && mutation != Mutation::settle_is_ignored) return scenario;
  return with_an_old_queue_runner(std::move(scenario));
}

void mutate(Mutation mutation, const std::vector<PoolSetup>& pools, pass::World& world) {
  using enum Mutation;
  if (mutation == what_left_counts_as_capacity)
    world.queue = std::make_unique<UndercountingQueue>(std::move(world.queue), pools.front().runnables_per_machine);
  if (mutation == busy_machines_look_idle || mutation == open_machines_look_closed ||
      mutation == black_holes_look_fine || mutation == steps_under_way_are_not_seen)
    world.queue = std::make_unique<LyingQueue>(std::move(world.queue), mutation);
  if (mutation == answers_of_gates_are_believed) {
    const auto answers = std::make_shared<Answers>();
    world.queue = std::make_unique<LyingQueue>(std::move(world.queue), mutation, answers);
    for (auto& [kind, provider] : world.providers)
      provider = std::make_unique<LyingProvider>(std::move(provider), mutation, answers);
  }
  if (mutation == old_status_looks_fresh) world.queue = std::make_unique<OutdatedQueue>(std::move(world.queue));
  if (mutation == machines_look_ready || mutation == early_ends_are_not_seen || mutation == an_instance_is_not_seen ||
      mutation == old_listing_is_shown || mutation == owners_are_ignored || mutation == gates_are_not_set ||
      mutation == open_machines_look_closed) {
    for (auto& [kind, provider] : world.providers)
      provider = std::make_unique<LyingProvider>(std::move(provider), mutation);
  }
  if (mutation == running_operations_are_not_seen || mutation == ended_operations_are_not_forgotten ||
      mutation == operations_are_lost || mutation == destructions_are_only_claimed || mutation == operations_do_not_ask)
    world.jobs = std::make_unique<LyingJobs>(std::move(world.jobs), mutation);
  if (mutation == lines_are_garbled || mutation == file_is_not_written)
    world.publisher = std::make_unique<LyingPublisher>(std::move(world.publisher), mutation);
}

std::unique_ptr<state::Journal> mutated(Mutation mutation, state::Journal& journal) {
  return std::make_unique<LyingJournal>(journal, mutation);
}

std::unique_ptr<state::SharedJournal> mutated(Mutation mutation, sim::Farm& farm, state::Host host,
                                              std::unique_ptr<state::SharedJournal> journal) {
  return std::make_unique<LyingSharedJournal>(mutation, farm, std::move(host), std::move(journal));
}

Config mutated(Mutation mutation, Config config) {
  if (mutation == Mutation::quiet_is_ignored) config.quiet = Seconds{0};
  if (mutation == Mutation::settle_is_ignored) config.settle = -Seconds{3600};
  if (mutation == Mutation::placeholders_are_missing) config.placeholders = false;
  for (auto& [name, pool] : config.pools) {
    if (mutation == Mutation::maximum_is_exceeded) ++pool.max_machines;
    if (mutation == Mutation::too_many_are_redeployed) ++pool.max_unavailable;
  }
  return config;
}

}  // namespace hydra_provisioner::simulation
