#include "observe/discoveries.hpp"

#include <utility>

#include <fmt/format.h>

namespace hydra_provisioner::observe {

void discover(std::vector<Discovery>& discoveries, Machine& machine, MachineEvent event, Instant now,
              std::string reason, std::optional<FailureClass> failure) {
  if (!advance(machine, event, now)) return;
  if (event == MachineEvent::failed) machine.last_error = reason;
  discoveries.push_back({machine.id, event, std::move(reason), failure});
}

namespace {

void apply_failed_creation(Machine& machine, const Error& error, Instant now, std::vector<Discovery>& discoveries) {
  if (!is_coming(machine)) return;
  if (error.kind == ErrorKind::unfinished) {
    machine.checked_at = now;
  } else if (error.kind == ErrorKind::no_capacity) {
    // The machine is destroyed, but it does not count as failed.
    discover(discoveries, machine, MachineEvent::destruction_began, now, machine.last_error, error.failure_class);
  } else {
    discover(discoveries, machine, MachineEvent::failed, now, machine.last_error, error.failure_class);
  }
}

// A failure says nothing about what it did not touch: a machine whose old system works stays in use.
void apply_failed_redeploy(Machine& machine, ErrorKind kind, Instant now, std::vector<Discovery>& discoveries) {
  switch (kind) {
    case ErrorKind::untouched:
      break;
    case ErrorKind::refused:
      machine.cannot_redeploy = true;
      machine.failures = {};  // it is replaced instead
      [[fallthrough]];
    case ErrorKind::still_works:
      if (!machine.ready_at && !machine.listing.first_began_at) break;
      if (!machine.ready_at) machine.ready_at = now;  // adopted
      discover(discoveries, machine, MachineEvent::became_ready, now, "works as before");
      break;
    default:
      machine.spec_hash.clear();
      discover(discoveries, machine, MachineEvent::became_unready, now, machine.last_error);
  }
}

void count_failure(Failures& failures, Operation operation, Instant now) {
  failures.in_a_row = failures.of == operation ? failures.in_a_row + 1 : 1;
  failures.of = operation;
  failures.latest = now;
}

// A process may be killed because this host restarts: only what is killed again has to wait.
void apply_kill(Machine& machine, Operation operation, Instant now) {
  count_failure(machine.failures, operation, now);
  if (machine.failures.in_a_row == 1) machine.failures.latest.reset();
  machine.last_error = fmt::format("{}: its process was killed before it wrote a result", to_string(operation));
}

void apply_failure(Machine& machine, Operation operation, const Error& error, Instant now,
                   std::vector<Discovery>& discoveries) {
  count_failure(machine.failures, operation, now);
  machine.last_error = fmt::format("{}: {}", to_string(operation), error.message);
  switch (operation) {
    case Operation::create:
    case Operation::start:
      apply_failed_creation(machine, error, now, discoveries);
      break;
    case Operation::stop:
      machine.cannot_stop = machine.cannot_stop || error.kind == ErrorKind::refused;
      if (error.kind == ErrorKind::refused) machine.failures = {};  // it is destroyed instead, and at once
      discover(discoveries, machine, MachineEvent::still_running, now, machine.last_error);
      break;
    case Operation::redeploy:
      machine.checked_at = now;
      apply_failed_redeploy(machine, error.kind, now, discoveries);
      break;
    case Operation::destroy:
      break;  // stays `destroying`; the next pass tries again
  }
}

}  // namespace

std::vector<Discovery> apply_end(Machine& machine, const JobState& job, Instant now) {
  std::vector<Discovery> discoveries;
  machine.found.under_way.reset();
  machine.begun = {};
  if (!job.result) {
    apply_kill(machine, job.operation, now);
    return discoveries;
  }
  const JobResult& result = *job.result;
  if (!result) {
    apply_failure(machine, job.operation, result.error(), now, discoveries);
    return discoveries;
  }
  machine.failures = {};
  if (*result) update_from(machine, **result);
  if (job.operation == Operation::redeploy) {
    machine.checked_at = now;
    machine.last_error.clear();
  }
  if (job.operation == Operation::stop) discover(discoveries, machine, MachineEvent::stopped, now, "stopped");
  if (job.operation == Operation::destroy) discover(discoveries, machine, MachineEvent::destroyed, now, "destroyed");
  return discoveries;
}

void update_from(Machine& machine, const Instance& instance) {
  machine.instance = instance.id;
  // A stopped machine may have no address, but the queue runner still knows it by its last one.
  if (!instance.address.empty()) machine.address = instance.address;
  machine.host_key = instance.host_key;
  machine.launched_at = instance.launched_at;
  machine.billing_period = instance.billing_period;
  if (instance.max_jobs > 0) machine.max_jobs = instance.max_jobs;
  if (!instance.spec_hash.empty()) machine.spec_hash = instance.spec_hash;
}

Instance instance_of(const Machine& machine) {
  return {.id = machine.instance,
          .machine = machine.id,
          .pool = machine.pool,
          .state = InstanceState::running,
          .address = machine.address,
          .host_key = machine.host_key,
          .launched_at = machine.launched_at,
          .spec_hash = machine.spec_hash,
          .owner = machine.owner};
}

}  // namespace hydra_provisioner::observe
