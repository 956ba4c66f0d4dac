#include "act/execute.hpp"

#include <algorithm>
#include <chrono>
#include <functional>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "io/gather.hpp"

namespace hydra_provisioner {
namespace {

using std::chrono::milliseconds;

constexpr Seconds removal_deadline{1800};

MachineEvent beginning_of(Operation operation) {
  switch (operation) {
    case Operation::create:
      return MachineEvent::creation_began;
    case Operation::start:
      return MachineEvent::start_began;
    case Operation::stop:
      return MachineEvent::stop_began;
    case Operation::destroy:
      return MachineEvent::destruction_began;
  }
  return MachineEvent::destruction_began;
}

bool is_removal(Operation operation) { return operation == Operation::stop || operation == Operation::destroy; }

Instance instance_of(const Machine& machine) {
  return {.id = machine.instance,
          .machine = machine.id,
          .pool = machine.pool,
          .state = InstanceState::running,
          .address = machine.address,
          .host_key = machine.host_key,
          .launched_at = machine.launched_at};
}

// The last look before something irreversible: nothing that happened in this pass has put the machine back into the
// file.
bool is_out_of_the_file(const Machine& machine) {
  return machine.vanished || !machine.first_listed_at || (!machine.listed && machine.unlisted_at);
}

}  // namespace

Execution::Execution(const Config& config, const PoolSettings& pools, Ledger& ledger, Publication& publication,
                     Jobs& jobs, Providers providers, Clock& clock, Voice& voice)
    : config_(config),
      pools_(pools),
      ledger_(ledger),
      publication_(publication),
      jobs_(jobs),
      providers_(std::move(providers)),
      clock_(clock),
      voice_(voice) {}

Task<void> Execution::carry_out(const Plan& plan, Instant until) {
  until_ = until;
  const bool recorded = co_await record_intents(plan);
  co_await publication_.publish();
  if (!recorded) co_return;  // what the journal does not know of must not be begun
  settle_ended_jobs();
  co_await do_slow_parts(plan);
  co_await publication_.publish();
}

// Jobs that ended since the last pass: reconcile() has applied their results, and those are recorded by now.
void Execution::settle_ended_jobs() {
  const auto jobs = jobs_.list();
  if (!jobs) return;  // the look around has said so
  for (const JobState& job : *jobs) {
    const Machine* machine = ledger_.find(job.machine);
    if (job.is_running || (machine != nullptr && machine->under_way)) continue;
    if (machine != nullptr) note_end(*machine, job);
    forget(job.machine);
  }
}

// Operations take turns for the places that maxParallel gives. A machine that only boots takes none.
Task<void> Execution::do_slow_parts(const Plan& plan) {
  std::multimap<Turn, std::function<Task<void>()>> parts;
  for (const Action& action : plan.actions) {
    if (auto part = slow_part(action)) parts.insert(*std::move(part));
  }
  std::vector<std::function<Task<void>()>> operations;
  std::vector<std::function<Task<void>()>> side_by_side;
  for (auto& [turn, run] : parts) (turn == Turn::none ? side_by_side : operations).push_back(std::move(run));
  const auto places = static_cast<std::size_t>(config_.max_parallel);
  side_by_side.push_back([&] { return run_all(std::move(operations), places); });
  const std::size_t all = side_by_side.size();
  co_await run_all(std::move(side_by_side), all);
}

Task<bool> Execution::record_intents(const Plan& plan) {
  for (const Action& action : plan.actions) record_intent(action);
  co_return co_await commit();
}

void Execution::record_intent(const Action& action) {
  const std::string& why = reason_of(action).text;
  if (const auto* create = std::get_if<Create>(&action)) {
    if (ledger_.find(create->machine) != nullptr) return;  // carried on
    Machine fresh;
    fresh.id = create->machine;
    fresh.pool = create->pool;
    Machine& machine = ledger_.add(std::move(fresh));
    machine.provider = config_.pools.at(create->pool).kind();
    machine.since = machine.requested_at = clock_.now();
    ledger_.note(machine, {{machine.id, MachineEvent::creation_began, why}});
  } else if (std::holds_alternative<Drain>(action)) {
    ledger_.note(ledger_.at(machine_of(action)), MachineEvent::drained, why);
    voice_.note(fmt::format("{}: draining: {}", machine_of(action), why));
  } else if (std::holds_alternative<Undrain>(action)) {
    ledger_.note(ledger_.at(machine_of(action)), MachineEvent::undrained, why);
    voice_.note(fmt::format("{}: back in use: {}", machine_of(action), why));
  }
}

// None: the action was done by recording it.
std::optional<Execution::SlowPart> Execution::slow_part(const Action& action) {
  const MachineId id = machine_of(action);
  const std::string why = reason_of(action).text;
  if (std::holds_alternative<Create>(action) || std::holds_alternative<Start>(action)) {
    // A start that was interrupted is carried on as what it was: there is nothing to create.
    const bool exists = std::holds_alternative<Start>(action) || ledger_.at(id).ready_at;
    const auto operation = exists ? Operation::start : Operation::create;
    return SlowPart(Turn::comes, [=, this] { return bring_up(id, operation, why); });
  }
  if (std::holds_alternative<Stop>(action)) {
    return SlowPart(Turn::leaves, [=, this] { return take_down(id, Operation::stop, why); });
  }
  if (const auto* destroy = std::get_if<Destroy>(&action)) {
    if (destroy->never_got_ready) give_up(ledger_.at(id), why);
    return SlowPart(Turn::leaves, [=, this] { return take_down(id, Operation::destroy, why); });
  }
  return std::holds_alternative<Keep>(action) ? awaited_part(ledger_.at(id)) : std::nullopt;
}

std::optional<Execution::SlowPart> Execution::awaited_part(const Machine& machine) {
  if (!is_coming(machine) || machine.interrupted || !providers_.contains(machine.provider)) return std::nullopt;
  const auto turn = machine.under_way ? Turn::has_begun : Turn::none;
  const auto operation = machine.under_way.value_or(Operation::create);
  return SlowPart(turn, [=, this, id = machine.id] { return await_coming(id, operation); });
}

void Execution::give_up(Machine& machine, const std::string& why) {
  ledger_.note(machine, MachineEvent::failed, why);
  ++creations_ended_[machine.pool].failed;
  voice_.problem(fmt::format("{}: {}; full output: {}", machine.id, why, jobs_.log_file(machine.id)));
}

Task<void> Execution::bring_up(MachineId id, Operation operation, std::string reason) {
  if (is_late()) co_return;
  if (ledger_.at(id).state == MachineState::stopped) ledger_.at(id).requested_at = clock_.now();
  if (!co_await begin(id, operation, beginning_of(operation), reason)) co_return;
  co_await await_coming(id, operation);
}

Task<void> Execution::await_coming(MachineId id, Operation operation) {
  awaited_.insert(id);
  voice_.progress(fmt::format("waiting for {}", fmt::join(awaited_, ", ")));
  const bool finished = ledger_.at(id).under_way ? co_await finish_job(id, operation) : true;
  if (finished) co_await await_readiness(id);
  awaited_.erase(id);
}

Task<void> Execution::await_readiness(MachineId id) {
  milliseconds pause{100};
  while (is_coming(ledger_.at(id))) {
    const Machine machine = ledger_.at(id);
    const PoolConfig& pool = settings_of(machine);
    const auto ready = co_await providers_.at(machine.provider)->ready(instance_of(machine), pool);
    if (ready) {
      ledger_.at(id).ready_at = clock_.now();
      ledger_.at(id).last_error.clear();
      ledger_.note(ledger_.at(id), MachineEvent::became_ready, "answers");
      ++creations_ended_[machine.pool].succeeded;
      if (!co_await commit()) co_return;
      voice_.note(fmt::format("{}: ready after {} s at {}", id, (clock_.now() - machine.requested_at).count(),
                              machine.address));
      co_await publication_.publish();
      co_return;
    }
    ledger_.at(id).last_error = ready.error().message;
    if (is_late() || clock_.now() - machine.requested_at >= pool.boot_timeout) {
      voice_.note(fmt::format("{}: not ready yet: {}", id, ready.error().message));
      ledger_.touch(ledger_.at(id));
      co_return;
    }
    co_await clock_.sleep_for(pause);
    pause = std::min(pause * 2, milliseconds{2000});
  }
}

Task<void> Execution::take_down(MachineId id, Operation operation, std::string reason) {
  if (is_late()) co_return;
  if (!is_out_of_the_file(ledger_.at(id))) co_return;
  if (!co_await begin(id, operation, beginning_of(operation), reason)) co_return;
  voice_.progress(fmt::format("{}: {} under way", id, to_string(operation)));
  co_await finish_job(id, operation);
}

// Intent, then call.
Task<bool> Execution::begin(MachineId id, Operation operation, MachineEvent event, std::string reason) {
  Machine& machine = ledger_.at(id);
  ledger_.note(machine, event, reason);
  if (!co_await commit()) co_return false;
  const PoolConfig& pool = settings_of(machine);
  const auto begun = jobs_.begin({.machine = id,
                                  .operation = operation,
                                  .provider = machine.provider,
                                  .pool = machine.pool,
                                  .settings_json = pool.settings_json,
                                  .deadline = is_removal(operation) ? removal_deadline : pool.boot_timeout});
  if (!begun) {
    report_failure(machine, operation, begun.error());
    co_return false;
  }
  machine.under_way = operation;
  machine.interrupted = false;
  voice_.note(fmt::format("{}: {}: {}", id, to_string(operation), reason));
  co_return true;
}

// Waits for the machine's job and records what came of it. False: nothing more can be done with the machine in this
// pass.
Task<bool> Execution::finish_job(MachineId id, Operation operation) {
  const JobState job = co_await jobs_.wait(id, operation, until_);
  Machine& machine = ledger_.at(id);
  if (job.is_running) {
    voice_.note(fmt::format("{}: {} still under way; the next pass goes on", id, to_string(operation)));
    co_return false;
  }
  machine.under_way.reset();
  if (job.result) ledger_.note(machine, apply_result(machine, operation, *job.result, clock_.now()));
  const bool succeeded = note_end(machine, job);
  if (succeeded && is_removal(operation)) voice_.note(fmt::format("{}: {}", id, to_string(machine.state)));
  if (!co_await commit()) co_return false;
  forget(id);
  co_return succeeded;
}

// Whether the job did what it should; else reports it, and counts it for the back-off.
bool Execution::note_end(const Machine& machine, const JobState& job) {
  if (!job.result) {
    report_failure(machine, job.operation,
                   {"its process was ended before it could tell what came of it; tried again by the next pass"});
    return false;
  }
  if (*job.result) return true;
  if (job.operation == Operation::create) ++creations_ended_[machine.pool].failed;
  report_failure(machine, job.operation, job.result->error());
  return false;
}

void Execution::forget(const MachineId& machine) {
  if (const auto forgotten = jobs_.forget(machine); !forgotten) voice_.problem(forgotten.error().message);
}

Task<bool> Execution::commit() {
  const auto written = co_await ledger_.commit();
  if (!written) voice_.problem(written.error().message);
  co_return written.has_value();
}

void Execution::report_failure(const Machine& machine, Operation operation, const Error& error) {
  voice_.problem(fmt::format("{}: {} failed: {}; full output: {}", machine.id, to_string(operation), error.message,
                             jobs_.log_file(machine.id)));
}

const PoolConfig& Execution::settings_of(const Machine& machine) const {
  return pools_.at({machine.pool, machine.provider});
}

std::map<PoolName, CreationRecord> Execution::creation_records(std::map<PoolName, CreationRecord> before) const {
  std::map<PoolName, CreationRecord> records;
  for (const auto& [pool, ended] : creations_ended_) {
    CreationRecord record = before[pool];
    record.failed_passes = ended.succeeded > 0 ? 0 : record.failed_passes + 1;
    record.last_failed_pass = clock_.now();
    records.emplace(pool, std::move(record));
  }
  return records;
}

}  // namespace hydra_provisioner
