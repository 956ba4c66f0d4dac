#include "tests/simulation/invariants.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "publish/read_machines_file.hpp"

namespace hydra_provisioner::simulation {
namespace {

constexpr Seconds queue_runner_has_surely_read{31};
// Before a host publishes, it asks whether it leads. The answer may be this old.
constexpr Seconds answer_takes_at_most{20};
// What a host that is not the leader any more has begun to publish has arrived by then. So long the leader publishes
// again and again (World::distrusts_delivery).
constexpr Seconds others_deliver_within{120};
constexpr Seconds shortest_back_off{10};  // of 30 s, as a failure is recorded some time before it is forgotten

std::size_t index_of(const std::string& host) {
  return static_cast<std::size_t>(std::ranges::find(names_of_hosts, host) - names_of_hosts.begin());
}

std::vector<PoolName> pools_for(const Config& config, const std::string& step_type) {
  std::vector<PoolName> pools;
  for (const auto& [name, pool] : config.pools) {
    if (serves(pool.type, parse_step_type(step_type))) pools.push_back(name);
  }
  return pools;
}

// As the journal has a machine from before an operation on it begins; none: as it was.
std::optional<MachineState> state_during(Operation operation) {
  switch (operation) {
    case Operation::create:
    case Operation::start:
      return MachineState::creating;
    case Operation::stop:
      return MachineState::stopping;
    case Operation::destroy:
      return MachineState::destroying;
    case Operation::redeploy:
      break;
  }
  return std::nullopt;
}

bool is_recorded(Operation operation, const JobResult& result, const Machine& row) {
  // That its cloud has ended it meanwhile says more than that its creation could not be finished.
  const bool has_failed = row.state == MachineState::gone || row.state == MachineState::failed;
  if (!result) return has_failed || row.last_error.contains(result.error().message);
  if (operation == Operation::stop) return row.state != MachineState::stopping;
  if (operation == Operation::destroy) return row.state == MachineState::gone;
  return !*result || row.instance == (*result)->id || has_failed;
}

}  // namespace

void Invariants::watch(sim::JobTable& jobs) { hosts_.push_back({.jobs = &jobs}); }

void Invariants::pass_begins(const Config& config) {
  config_ = seen().config = config;
  std::erase_if(covered_since_, [&](const auto& entry) { return !config_.pools.contains(entry.first); });
}

void Invariants::status_was_read(sim::Time asked_at) {
  seen().status_from = asked_at;
  seen().status_is_of_unread_queue = farm_->queue.has_read_nothing_since(asked_at);
}

void Invariants::violate(std::string what) {
  if (violation_) return;
  farm_->chronicle.add("VIOLATION: {}", what);
  violation_ = std::move(what);
}

void Invariants::note_leader(std::size_t leader) {
  leader_ = leader;
  for (std::size_t host = 0; host < hosts_.size(); ++host) {
    std::optional<sim::Time>& deposed_at = hosts_[host].deposed_at;
    if (host == leader)
      deposed_at.reset();
    else if (!deposed_at)
      deposed_at = farm_->timeline.now();
  }
}

void Invariants::host_takes_lead(const std::string& host) { note_leader(index_of(host)); }

// Its copy is all that is known from now on.
void Invariants::database_failed_over(const std::string& leader) { note_leader(index_of(leader)); }

void Invariants::host_renews_lead(const std::string&, Millis lease) { leads_until_ = farm_->timeline.now() + lease; }

void Invariants::host_loses_session(const std::string& host) {
  if (farm_->timeline.now() <= leads_until_)
    violate(fmt::format("another host ends the session of {}, whose lease has not ended", host));
}

void Invariants::host_commits(const std::string& host, const std::vector<Machine>& rows) {
  const Acting acting(*this, index_of(host));
  check_lead("writes the journal", Seconds{0});
  rows_are_written(rows);
}

// `late`: for so long after another one has taken the lead it may be.
void Invariants::check_lead(std::string_view doing, Seconds late) {
  if (has_led_within(late)) return;
  violate(fmt::format("{} {}, and {} leads since {} s", names_of_hosts.at(acting_), doing, names_of_hosts.at(leader_),
                      std::chrono::floor<Seconds>(farm_->timeline.now() - *seen().deposed_at).count()));
}

bool Invariants::has_led_within(Seconds duration) {
  return !seen().deposed_at || farm_->timeline.now() - *seen().deposed_at <= duration;
}

// A machine whose id another installation chose, too, may have been given up by mistake and taken over again.
void Invariants::check_other_hosts(const act::JobRequest& request) {
  if (was_lost(request.machine) || farm_->cloud.is_foreign(request.machine)) return;
  for (std::size_t host = 0; host < hosts_.size(); ++host) {
    if (host != acting_ && hosts_[host].jobs->is_at_work(request.machine))
      violate(fmt::format("{} of {} begins on {} while an operation of {} on it runs", to_string(request.operation),
                          request.machine, names_of_hosts.at(acting_), names_of_hosts.at(host)));
  }
}

void Invariants::operation_begins(const act::JobRequest& request, bool another_runs) {
  if (another_runs)
    violate(fmt::format("{} of {} begins while another operation on it runs", to_string(request.operation),
                        request.machine));
  if (another_runs) return;                                 // it is refused
  if (request.lead && !has_led_within(Seconds{0})) return;  // it will be
  if (!request.lead) operation_is_confirmed(request);
  const JobState last = jobs().state_of(request.machine, request.operation);
  if (last.operation == request.operation && last.result && last.result->has_value())
    violate(
        fmt::format("{} of {} begins again, though it has succeeded", to_string(request.operation), request.machine));
  check_owner(request.machine, request.instance);
  check_parallelism(request);
  check_orders(request);
  check_back_off(request);
  check_redeploys(request);
  if (request.operation == Operation::create && farm_->database.lost().empty()) check_maximum(request);
  const bool removes = request.operation == Operation::stop || request.operation == Operation::destroy;
  const sim::SimInstance* instance = farm_->cloud.find(request.machine, request.provider);
  if (removes && instance != nullptr && instance->exists() && instance->power == sim::Power::on)
    instance_goes_off(*instance, request.operation);
}

void Invariants::operation_is_confirmed(const act::JobRequest& request) {
  check_lead(fmt::format("begins to {} {}", to_string(request.operation), request.machine), Seconds{0});
  check_other_hosts(request);
  check_intent(request);
}

// What fails is not tried again in each pass. The exact times are tested elsewhere: when a failure was recorded, and
// whether an order came first, is not seen here.
void Invariants::check_back_off(const act::JobRequest& request) {
  const auto failed = failed_at_.find({request.machine, request.operation});
  if (failed == failed_at_.end() || back_offs_ended_at_ > failed->second - Seconds{600}) return;
  if (farm_->timeline.now() - failed->second < shortest_back_off)
    violate(fmt::format("{} of {} begins again {} s after it failed", to_string(request.operation), request.machine,
                        std::chrono::floor<Seconds>(farm_->timeline.now() - failed->second).count()));
}

// The steps on them would end if each machine got broken at once.
void Invariants::check_redeploys(const act::JobRequest& request) {
  const Machine* known = farm_->journal.find(request.machine);
  const Config& config = seen().config;
  const auto pool = config.pools.find(request.pool);
  if (request.operation != Operation::redeploy || known == nullptr || known->state != MachineState::ready) return;
  if (pool == config.pools.end()) return;
  std::int64_t others = 0;
  for (const Seen& host : hosts_) {
    others +=
        std::ranges::count_if(host.jobs->machines_at(Operation::redeploy, request.pool), [&](const auto& machine) {
          const Machine* other = farm_->journal.find(machine);
          return machine != request.machine && other != nullptr && other->ready_at;
        });
  }
  if (others + 1 > pool->second.max_unavailable)
    violate(fmt::format("{} is redeployed beside {} others of {}, at most {} are allowed", request.machine, others,
                        request.pool, pool->second.max_unavailable));
}

void Invariants::instance_was_made(const sim::SimInstance& instance) {
  // A killed program and a late listing explain some, and such a listing may hide once that one has ended early.
  const std::int64_t most = ended_early_.contains(instance.machine) ? 4 : 3;
  if (++made_[instance.machine] > most)
    violate(fmt::format("{} is made for the {}th time", instance.machine, made_[instance.machine]));
  check_name(instance);
}

void Invariants::instance_ended(const sim::SimInstance& instance, bool /*was_taken_away*/) {
  if (instance.has_ended_early) ended_early_.insert(instance.machine);
}

// Of another installation no machine is touched, listed or counted.
void Invariants::check_owner(const MachineId& machine, const InstanceId& instance) {
  const sim::SimInstance* made = farm_->cloud.find(instance);
  if (made != nullptr && made->is_foreign)
    violate(fmt::format("{} of another installation is taken for our {}", instance, machine));
}

void Invariants::check_parallelism(const act::JobRequest& request) {
  const std::int64_t others = jobs().count_running();
  if (others + 1 > seen().config.max_parallel)
    violate(fmt::format("{} of {} begins while {} others run, at most {} may at a time", to_string(request.operation),
                        request.machine, others, seen().config.max_parallel));
}

void Invariants::check_intent(const act::JobRequest& request) {
  if (was_lost(request.machine)) return;
  const Machine* known = farm_->journal.find(request.machine);
  if (known == nullptr || known->state == MachineState::gone)
    return violate(fmt::format("{} of {} begins, and the journal does not know it", to_string(request.operation),
                               request.machine));
  const auto intended = state_during(request.operation);
  if (intended && known->state != *intended)
    violate(fmt::format("{} of {} begins, and the journal has it as {}", to_string(request.operation), request.machine,
                        to_string(known->state)));
}

// A write of an old copy would take back what happened since.
void Invariants::rows_are_written(const std::vector<Machine>& machines) {
  for (const Machine& machine : machines) {
    check_owner(machine.id, machine.instance);
    const Machine* before = farm_->journal.find(machine.id);
    if (before == nullptr || before->state == MachineState::gone) continue;
    check_drain(machine, *before);
    const bool is_older = machine.since < before->since || machine.requested_at < before->requested_at ||
                          machine.ready_at < before->ready_at || machine.checked_at < before->checked_at;
    if (is_older) violate(fmt::format("the journal gets {} as it was before", machine.id));
  }
}

// A queue runner that has not read its queue shows no steps, whatever waits.
void Invariants::check_drain(const Machine& machine, const Machine& before) {
  const bool is_drained = before.state == MachineState::ready && machine.state == MachineState::draining;
  if (!is_drained || !seen().status_is_of_unread_queue) return;
  if (!is_ordered_away(seen().orders, machine, sim::in_seconds(farm_->timeline.now())))
    violate(fmt::format("{} is drained, and the queue runner has not read its queue", machine.id));
}

void Invariants::operation_is_forgotten(const JobState& job) {
  if (!job.result) return;
  const bool is_removal = job.operation == Operation::stop || job.operation == Operation::destroy;
  const bool counts = is_removal && !*job.result && job.result->error().kind != ErrorKind::refused;
  if (counts) failed_at_[{job.machine, job.operation}] = farm_->timeline.now();
  if (!counts) failed_at_.erase({job.machine, job.operation});
  const Machine* known = farm_->journal.find(job.machine);
  if (was_lost(job.machine) || !has_led_within(Seconds{0})) return;  // another host may have gone on since
  if (known == nullptr || !is_recorded(job.operation, *job.result, *known))
    violate(fmt::format("{} of {} is forgotten, and the journal does not have its outcome", to_string(job.operation),
                        job.machine));
}

void Invariants::check_orders(const act::JobRequest& request) {
  const Instant now = sim::in_seconds(farm_->timeline.now());
  const Machine* known = farm_->journal.find(request.machine);
  const sim::SimInstance* instance = farm_->cloud.find(request.machine, request.provider);
  const bool exists = instance != nullptr && instance->exists();
  const Orders& orders = seen().orders;
  if (known == nullptr || (!exists && request.operation == Operation::destroy)) return;
  if (is_ordered_away(orders, *known, now)) return;
  const auto is_ordered = [&](OrderKind kind, const std::string& whom) {
    return order_in_force(orders, kind, whom, now) != nullptr;
  };
  const bool is_removal = request.operation == Operation::stop || request.operation == Operation::destroy;
  if (is_removal && is_ordered(OrderKind::protect, request.machine.text))
    violate(fmt::format("{} of {} begins, and an operator protects it", to_string(request.operation), request.machine));
  if (is_ordered(OrderKind::pause, "") || is_ordered(OrderKind::pause, request.pool.text))
    violate(fmt::format("{} of {} begins in a pause", to_string(request.operation), request.machine));
}

void Invariants::check_maximum(const act::JobRequest& request) {
  const auto pool = seen().config.pools.find(request.pool);
  if (pool == seen().config.pools.end())
    return violate(fmt::format("{} is created, and its pool is not configured", request.machine));
  const sim::SimInstance* own = farm_->cloud.find(request.machine, request.provider);
  if (own != nullptr && own->exists()) return;
  std::int64_t others = farm_->cloud.count_of(request.pool);
  for (const Seen& host : hosts_) others += host.jobs->count_of_coming(request.pool);
  constexpr Seconds slow_pass{60};  // an order may have ended since the pass decided
  const Instant now = sim::in_seconds(farm_->timeline.now());
  const auto max_at = [&](Instant time) {
    const Order* order = order_in_force(seen().orders, OrderKind::max_machines, request.pool.text, time);
    return order != nullptr ? order->value : pool->second.max_machines;
  };
  const std::int64_t max = std::max(max_at(now), max_at(now - slow_pass));
  if (others + 1 > max)
    violate(fmt::format("{} is created beside {} others of {}, at most {} are allowed", request.machine, others,
                        request.pool, max));
  if (request.is_new && request.slot.value_or(0) >= max)
    violate(fmt::format("{} gets the slot {} of {}, of which there are {}", request.machine, *request.slot,
                        request.pool, max));
}

// Of another installation, a machine may get the same one at the same moment.
void Invariants::check_name(const sim::SimInstance& instance) {
  const MachineId name = sim::Cloud::described(instance).machine;
  for (const sim::SimInstance* other : farm_->cloud.on_record(instance.provider)) {
    if (other->number != instance.number && !other->is_foreign && sim::Cloud::described(*other).machine == name)
      violate(fmt::format("{} is made for {} under the name {}, which {} has", instance.id, instance.machine, name,
                          other->machine));
  }
}

void Invariants::instance_goes_off(const sim::SimInstance& instance, Operation by) {
  if (farm_->queue.is_busy_at(instance.address))
    violate(fmt::format("{} of {}, on which a step runs", to_string(by), instance.machine));
  if (farm_->queue.may_send_steps_to(instance.address))
    violate(fmt::format("{} of {}, to which the queue runner may send a step", to_string(by), instance.machine));
  const auto out = out_since_.find(instance.address);
  if (out != out_since_.end() && seen().status_from < out->second)
    violate(fmt::format("{} of {}, and the status is from before it left the machines file", to_string(by),
                        instance.machine));
}

void Invariants::file_is_to_be_published(const std::string& content) {
  check_lead("publishes a machines file", answer_takes_at_most);
  publications_[content] = ++last_publication_;
}

void Invariants::file_was_written(const std::string& content) {
  check_lead("has a machines file published", others_deliver_within);
  const auto lines = publish::read_machines_file(content);
  if (!lines) return violate("the published file is malformed");
  std::set<std::string> listed;
  for (const auto& [name, line] : *lines) {
    const std::string address = sim::address_of(name);
    listed.insert(address);
    if (address.ends_with(".placeholder.invalid")) continue;
    const sim::SimInstance* instance = farm_->cloud.at(address);
    if (instance != nullptr) check_owner(instance->machine, instance->id);
    if (!farm_->cloud.has_answered_at(address)) violate(fmt::format("{} is listed, and was never ready", name));
    check_listing(address);
  }
  note_those_out(listed);
  const std::int64_t publication = publications_[content];
  if (publication < published_ && has_led_within(Seconds{0}))
    violate("an older machines file takes the place of a newer one");
  published_ = publication;
  for (const auto& [name, pool] : config_.pools) covered_since_.emplace(name, farm_->timeline.now());
}

void Invariants::file_was_lost() {
  covered_since_.clear();
  note_those_out({});
}

void Invariants::note_those_out(const std::set<std::string>& listed) {
  for (const std::string& address : std::exchange(listed_, listed)) {
    if (!listed.contains(address)) out_since_[address] = farm_->timeline.now();
  }
  for (const std::string& address : listed) out_since_.erase(address);
}

// Otherwise the program would conclude that no step can run on the machine.
void Invariants::check_listing(const std::string& address) {
  const sim::SimInstance* instance = farm_->cloud.at(address);
  const Machine* known = instance == nullptr ? nullptr : farm_->journal.find(instance->machine);
  if (known == nullptr || known->address != address) return;
  if (!has_led_within(Seconds{0}) || was_lost(known->id)) return;  // it is on its way
  if (!known->listing.first_began_at || known->listing.ended_at)
    violate(fmt::format("{} is listed, and the journal does not know that it will be", known->id));
}

// An open gate is what a line in the machines file is elsewhere.
void Invariants::gate_was_set(const sim::SimInstance& instance) {
  if (!instance.gate_is_open) return;
  check_lead(fmt::format("opens {}", instance.machine), others_deliver_within);
  check_owner(instance.machine, instance.id);
  if (!farm_->cloud.has_answered_at(instance.address))
    violate(fmt::format("{} is opened, and was never ready", instance.machine));
  check_listing(instance.address);
}

// Steps that are on it or on their way to it would fail.
void Invariants::builder_is_stopped(const sim::SimInstance& instance) {
  if (farm_->queue.is_busy_at(instance.address))
    violate(fmt::format("the builder of {} is stopped, to which a step was sent", instance.machine));
}

// Where machines join, one may get steps as soon as its gate is open, whoever opened it.
void Invariants::step_began(std::int64_t step, const std::string& address) {
  const sim::SimInstance* instance = farm_->cloud.at(address);
  if (!farm_->queue.machines_join() || instance == nullptr) return;
  const Machine* known = farm_->journal.find(instance->machine);
  if (was_lost(instance->machine)) return;
  if (known == nullptr || !known->listing.first_began_at)
    violate(fmt::format("step {} begins on {}, and the journal does not know that it may", step, instance->machine));
}

// Its tries take more than half an hour. By then a machine that fails all that it gets has long been closed.
void Invariants::machine_failed_each_try(std::int64_t step, const std::string& address) {
  const sim::SimInstance* instance = farm_->cloud.at(address);
  if (instance == nullptr) return;
  violate(fmt::format("step {} is given up after all its tries failed on {}", step, instance->machine));
}

void Invariants::file_was_rejected(const std::string& why) {
  violate(fmt::format("the queue runner ignores the machines file: {}", why));
}

void Invariants::step_was_aborted(const std::string& type) {
  for (const PoolName& pool : pools_for(config_, type)) {
    const auto covered = covered_since_.find(pool);
    if (covered != covered_since_.end() && farm_->timeline.now() - covered->second > queue_runner_has_surely_read)
      violate(fmt::format("a step of {} is aborted as unsupported", type));
  }
}

std::string Invariants::why_not_at_rest() {
  if (std::string queue = why_queue_is_not_at_rest(); !queue.empty()) return queue;
  for (const Seen& host : hosts_) {
    if (host.jobs->count_running() > 0) return "an operation still runs";
  }
  if (!hosts_.at(leader_).jobs->is_empty()) return "an operation that has ended is not forgotten";
  if (std::string machines = why_machines_are_not_at_rest(); !machines.empty()) return machines;
  for (const auto& [name, pool] : config_.pools) {
    std::string why = why_pool_is_not_at_rest(name, std::max(pool.min_machines, pool.spare_machines), pool.max_machines,
                                              pool.stop_on_idle || pool.standby_machines > 0);
    if (!why.empty()) return why;
  }
  return "";
}

std::string Invariants::why_queue_is_not_at_rest() const {
  if (farm_->queue.running_steps() > 0) return fmt::format("{} steps still run", farm_->queue.running_steps());
  for (const auto& [type, count] : farm_->queue.waiting_by_type()) {
    if (count > 0 && !pools_for(config_, type).empty()) return fmt::format("{} steps of {} still wait", count, type);
  }
  return "";
}

std::string Invariants::why_machines_are_not_at_rest() {
  for (const sim::SimInstance* instance : farm_->cloud.existing()) {
    const Machine* known = farm_->journal.find(instance->machine);
    if (known == nullptr || known->state == MachineState::gone)
      return fmt::format("{} of {} exists, and the journal does not know it", instance->id, instance->machine);
    if (!config_.pools.contains(instance->pool))
      return fmt::format("{} still exists, though its pool is not configured", instance->machine);
  }
  for (const Machine& machine : farm_->journal.read(sim::in_seconds(farm_->timeline.now())).machines) {
    const sim::SimInstance* instance = farm_->cloud.find(machine.id, machine.provider);
    if (instance == nullptr || !instance->exists())
      return fmt::format("the journal still has {}, which does not exist", machine.id);
  }
  return "";
}

std::string Invariants::why_pool_is_not_at_rest(const PoolName& pool, std::int64_t min, std::int64_t max, bool stops) {
  std::int64_t on = 0;
  std::int64_t all = 0;
  for (const sim::SimInstance* instance : farm_->cloud.existing()) {
    if (instance->pool != pool) continue;
    ++all;
    on += instance->power == sim::Power::on ? 1 : 0;
  }
  if (all > max) return fmt::format("{} has {} machines, at most {} are allowed", pool, all, max);
  if (on != min) return fmt::format("{} has {} machines that run, and should have {}", pool, on, min);
  if (!stops && all != on) return fmt::format("{} has {} machines that do not run", pool, all - on);
  return "";
}

}  // namespace hydra_provisioner::simulation
