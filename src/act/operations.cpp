#include "act/operations.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace hydra_provisioner::act {
namespace {

using std::chrono::milliseconds;

constexpr Seconds removal_deadline{1800};
constexpr Seconds jobs_end_within{180};  // after their deadline, also if they were begun late

MachineEvent beginning_of(Operation operation) {
  switch (operation) {
    case Operation::create:
    case Operation::redeploy:
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

// No step runs on a stopped machine, and it may return with another address: its earlier listing neither proves
// anything nor needs a proof. An earlier deploy does not prove that it works this time.
void begin_another_run(Machine& machine, Ledger& ledger) {
  machine.requested_at = ledger.now();
  machine.wanted_since = ledger.waiting_since(machine.pool);
  machine.spec_hash.clear();
  Listing unproven;
  unproven.is_listed = machine.listing.is_listed;
  machine.listing = unproven;
  machine.seen_idle_at.reset();
  machine.joined_at.reset();
  count(ledger.totals(), Total::starts, {machine.pool.text});
}

// Of one that has become ready, as it was before.
void count_ready(const Machine& machine, Ledger& ledger) {
  const auto seconds_since = [&](Instant begin) { return static_cast<double>((ledger.now() - begin).count()); };
  if (!machine.ready_at)
    measure(ledger.totals(), Total::boot, {machine.pool.text}, seconds_since(machine.requested_at));
  if (machine.wanted_since)
    measure(ledger.totals(), Total::demand_to_ready, {machine.pool.text}, seconds_since(*machine.wanted_since));
}

// The last check before an irreversible call: the machine was not put back into the file during this pass.
bool is_out_of_the_file(const Machine& machine) {
  return machine.found.vanished || !machine.listing.first_began_at ||
         (!machine.listing.is_listed && machine.listing.ended_at);
}

}  // namespace

// Shows a machine in the progress line for as long as it is waited for.
class Operations::Waiting {
 public:
  Waiting(Operations& operations, MachineId machine) : operations_(operations), machine_(std::move(machine)) {
    operations_.waited_for_.insert(machine_);
    show();
  }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;
  ~Waiting() {
    operations_.waited_for_.erase(machine_);
    show();
  }

 private:
  void show() const {
    const auto& machines = operations_.waited_for_;
    operations_.voice_.progress(machines.empty() ? "" : fmt::format("waiting for {}", fmt::join(machines, ", ")));
  }

  Operations& operations_;
  MachineId machine_;
};

// Holds one of the places that maxParallel gives, from the decision to begin until the job runs or cannot begin: while
// the intent is being committed, others ask for a place, too.
class Operations::Place {
 public:
  Place(Operations& operations, MachineId machine) : operations_(operations), machine_(std::move(machine)) {
    operations_.beginning_.insert(machine_);
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() { operations_.beginning_.erase(machine_); }

 private:
  Operations& operations_;
  MachineId machine_;
};

Operations::Operations(const PoolSettings& pools, Ledger& ledger, Publication& publication, Jobs& jobs,
                       Providers providers, io::Clock& clock, Voice& voice,
                       std::map<PoolName, CreationRecord> creations, Bounds bounds)
    : pools_(pools),
      ledger_(ledger),
      publication_(publication),
      jobs_(jobs),
      providers_(std::move(providers)),
      clock_(clock),
      voice_(voice),
      bounds_(std::move(bounds)),
      creations_(std::move(creations)),
      creations_now_(creations_) {}

io::Task<void> Operations::bring_up(MachineId id, Operation operation, std::string reason, bool stands_by) {
  if (!co_await begin(id, operation, reason)) co_return;
  co_await await_coming(id, operation, stands_by);
}

io::Task<void> Operations::await_coming(MachineId id, Operation operation, bool stands_by) {
  if (!ledger_.at(id).found.elsewhere.empty()) co_return;
  const Waiting waiting(*this, id);
  const bool finished = ledger_.at(id).found.under_way ? co_await finish_job(id, operation) : true;
  if (finished) co_await await_readiness(id, stands_by);
}

// A machine that the machines file cannot list is of no use, however well it works.
io::Task<Expected<void>> Operations::is_ready(Machine machine, PoolConfig pool) {
  auto answers = co_await providers_.at(machine.provider)->ready(observe::instance_of(machine), std::move(pool));
  if (!answers) co_return answers;
  if (auto listable = publication_.can_list(machine); !listable) co_return listable;
  co_return co_await publication_.expect_joined(std::move(machine));
}

io::Task<void> Operations::await_readiness(MachineId id, bool stands_by) {
  milliseconds pause{100};
  while (is_coming(ledger_.at(id))) {
    const Machine machine = ledger_.at(id);
    const PoolConfig& pool = settings_of(machine);
    const auto ready = co_await is_ready(machine, pool);
    if (ready) {
      if (!machine.ready_at) note_creation(machine.pool, "");  // else it was only started
      ledger_.at(id).ready_at = clock_.now();
      ledger_.at(id).last_error.clear();
      ledger_.at(id).failures = {};
      ledger_.note(ledger_.at(id), MachineEvent::became_ready, "answers");
      if (stands_by) ledger_.note(ledger_.at(id), MachineEvent::drained, "made to stand by");
      count_ready(machine, ledger_);
      if (!co_await commit()) co_return;
      voice_.note(fmt::format("{}: ready after {} s at {}", id, (clock_.now() - machine.requested_at).count(),
                              machine.address));
      publication_.publish_soon();
      co_return;
    }
    ledger_.at(id).last_error = ready.error().message;
    if (is_late() || clock_.now() >= boot_deadline(machine, pool)) {
      voice_.note(fmt::format("{}: not ready yet: {}", id, ready.error().message));
      ledger_.touch(ledger_.at(id));
      co_return;
    }
    co_await clock_.sleep_for(pause);
    pause = std::min(pause * 2, milliseconds{2000});
  }
}

io::Task<void> Operations::take_down(MachineId id, Operation operation, std::string reason, bool by_force) {
  if (!is_out_of_the_file(ledger_.at(id))) co_return;
  if (const auto out = co_await publication_.expect_out(ledger_.at(id)); !out && !by_force) {
    voice_.detail(fmt::format("{}: not taken down yet: {}", id, out.error().message));
    co_return;
  }
  if (!co_await begin(id, operation, reason)) co_return;
  const Waiting waiting(*this, id);
  co_await finish_job(id, operation);
}

// Intent, then call. False: the job has not begun.
io::Task<bool> Operations::begin(MachineId id, Operation operation, std::string reason) {
  if (!has_place()) co_return false;  // a later pass begins it
  const Place place(*this, id);
  Machine& machine = ledger_.at(id);
  if (!is_removal(operation) && machine.state == MachineState::stopped) begin_another_run(machine, ledger_);
  if (operation == Operation::redeploy) {
    ledger_.note(machine, {{id, beginning_of(operation), reason}});  // of a ready machine it changes no state
  } else {
    ledger_.note(machine, beginning_of(operation), reason);
  }
  const PoolConfig& pool = settings_of(machine);
  const Seconds deadline = is_removal(operation) ? removal_deadline : pool.boot_timeout;
  const std::optional<state::Lead> lead = ledger_.lead();
  machine.begun =
      lead ? BegunOperation{operation, lead->host, ledger_.now() + deadline + jobs_end_within} : BegunOperation{};
  if (!co_await commit()) co_return false;
  if (is_removal(operation)) co_await publication_.make_leave(machine);
  // An interrupted creation has been begun before, even if its provider shows nothing of it.
  const bool is_new = operation == Operation::create && !machine.found.interrupted;
  const auto begun = jobs_.begin({.machine = id,
                                  .instance = machine.instance,
                                  .noted_as = machine.noted_as,
                                  .slot = machine.slot,
                                  .is_new = is_new,
                                  .operation = operation,
                                  .provider = machine.provider,
                                  .pool = machine.pool,
                                  .settings_json = pool.settings_json,
                                  .owner = ledger_.at(id).owner,
                                  .lead = lead,
                                  .deadline = deadline,
                                  .environment = providers_.at(machine.provider)->environment_of_jobs()});
  if (!begun) {
    report_failure(machine, operation, begun.error());
    co_return false;
  }
  machine.found.under_way = operation;
  machine.found.interrupted = machine.found.needs_redeploy = false;
  voice_.note(fmt::format("{}: {}: {}", id, to_string(operation), reason));
  co_return true;
}

// Waits for the machine's job and records its outcome. False: nothing more can be done with the machine in this pass.
io::Task<bool> Operations::finish_job(MachineId id, Operation operation) {
  const JobState job = co_await jobs_.wait(id, operation, bounds_.until);
  Machine& machine = ledger_.at(id);
  if (job.is_running) {
    voice_.note(fmt::format("{}: {} still under way; the next pass goes on", id, to_string(operation)));
    co_return false;
  }
  ledger_.note(machine, observe::apply_end(machine, job, clock_.now()));
  const bool succeeded = note_end(machine, job);
  if (succeeded && is_removal(operation)) voice_.note(fmt::format("{}: {}", id, to_string(machine.state)));
  if (succeeded && operation == Operation::redeploy) voice_.note(fmt::format("{}: redeployed", id));
  if (!co_await commit()) co_return false;
  forget(id);
  if (operation == Operation::redeploy) co_await publication_.publish();  // it was in use, and may have moved or failed
  co_return succeeded;
}

// Whether the job succeeded; a failure is reported, and counted for the back-off.
bool Operations::note_end(const Machine& machine, const JobState& job) {
  if (!job.result) {
    report_failure(machine, job.operation,
                   {"its process was killed before it wrote a result; the next pass tries again"});
    return false;
  }
  if (job.operation == Operation::stop) note_stop(machine.pool, *job.result);
  if (*job.result) return true;
  if (job.operation == Operation::create) note_creation(machine.pool, job.result->error().message);
  report_failure(machine, job.operation, job.result->error());
  return false;
}

bool Operations::has_place() const {
  if (!bounds_.knows_jobs) return false;
  const auto taken = std::ranges::count_if(ledger_.all(), [this](const Machine* machine) {
    return machine->found.under_way.has_value() || beginning_.contains(machine->id);
  });
  return taken + jobs_of_gone_machines_ < bounds_.parallel_max;
}

void Operations::forget(const MachineId& machine) {
  if (const auto forgotten = jobs_.forget(machine); !forgotten) voice_.problem(forgotten.error().message);
}

io::Task<bool> Operations::commit() {
  const auto written = co_await ledger_.commit();
  if (!written) voice_.problem(written.error().message);
  co_return written.has_value();
}

void Operations::report_failure(const Machine& machine, Operation operation, const Error& error) {
  voice_.problem(fmt::format("{}: {} failed: {}; full output: {}", machine.id, to_string(operation), error.message,
                             jobs_.log_file(machine.id)));
}

const PoolConfig& Operations::settings_of(const Machine& machine) const {
  return pools_.at({machine.pool, machine.provider});
}

// Jobs that ended since the last pass: reconcile() has applied their results, and those are recorded by now.
void Operations::settle_ended_jobs() {
  if (!bounds_.knows_jobs) return;
  const auto jobs = jobs_.list();
  if (!jobs) {
    voice_.problem(fmt::format("{}; no operation begins", jobs.error().message));
    bounds_.knows_jobs = false;  // those of machines that are gone cannot be counted
    return;
  }
  for (const JobState& job : *jobs) {
    const Machine* machine = ledger_.find(job.machine);
    // A machine can be gone while the job that destroys it still runs.
    if (job.is_running && (machine == nullptr || !machine->found.under_way)) ++jobs_of_gone_machines_;
    if (job.is_running || (machine != nullptr && machine->found.under_way)) continue;
    if (machine != nullptr) note_end(*machine, job);
    forget(job.machine);
  }
}

void Operations::give_up(Machine& machine, const std::string& why) {
  ledger_.note(machine, MachineEvent::failed, why, FailureClass::boot);
  note_creation(machine.pool, why);
  voice_.problem(fmt::format("{}: {}; full output: {}", machine.id, why, jobs_.log_file(machine.id)));
}

void Operations::count_early_end(const MachineId& id) {
  const Machine& machine = ledger_.at(id);
  note_creation(machine.pool, machine.last_error);
  voice_.problem(fmt::format("{}: {}; full output: {}", id, machine.last_error, jobs_.log_file(id)));
}

void Operations::count_useless(const MachineId& id, const std::string& why) {
  const Machine& machine = ledger_.at(id);
  creations_[machine.pool].last_useless = clock_.now();
  ledger_.note_failure(machine, "of no use: " + why);
  note_creation(machine.pool, fmt::format("{} is of no use: {}", id, why));
}

// None of a pool is made to stand by while its provider refuses to stop them.
void Operations::note_stop(const PoolName& pool, const JobResult& result) {
  const bool is_refused = !result && result.error().kind == ErrorKind::refused;
  CreationRecord& record = creations_[pool];
  if (!is_refused && !(result && record.stop_refused_at)) return;
  record.stop_refused_at = is_refused ? std::optional(clock_.now()) : std::nullopt;
  creations_now_[pool].stop_refused_at = record.stop_refused_at;
  ledger_.note(pool, creations_now_[pool]);
}

// An empty error is a success, which outweighs all failures of the same pass; but not if the latest machine got ready
// as well, and was of no use.
void Operations::note_creation(const PoolName& pool, const std::string& error) {
  if (error.empty() && creations_[pool].last_useless) return;
  if (error.empty()) succeeded_.insert(pool);
  CreationRecord record = creations_[pool];
  record.failed_passes = succeeded_.contains(pool) ? 0 : record.failed_passes + 1;
  record.last_failed_pass = clock_.now();
  record.last_error = succeeded_.contains(pool) ? "" : error;
  creations_now_[pool] = record;
  ledger_.note(pool, std::move(record));
}

}  // namespace hydra_provisioner::act
