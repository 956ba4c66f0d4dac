#include "decide/proof.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include <fmt/format.h>

#include "decide/back_off.hpp"
#include "decide/idleness.hpp"
#include "model/counted.hpp"

namespace hydra_provisioner::decide {
namespace {

using Proof = std::expected<std::string, Reason>;

// A queue runner that started this long before a machine was unlisted has surely read a file that listed it, if it was
// listed for as long: it looks every 30 s.
constexpr Seconds file_poll{30};

// How often hydra-builder pings: as nix/build-machine.nix sets it up, and by default. No document says which. The queue
// runner notes whole seconds, so the ping after one that it noted is there a second later at the latest.
constexpr std::array<Seconds, 2> ping_intervals{Seconds{3}, Seconds{10}};
constexpr Seconds noted_within{1};

std::unexpected<Reason> missing(std::string text, std::optional<Instant> until = {}) {
  return std::unexpected(Reason{ReasonCode::unproven, std::move(text), until});
}

// When, by our clock, we shall have a document of that time.
Instant our_clock(Instant time, const QueueStatus& status) { return time + (status.arrived - status.time); }

// If the queue runner's clock was set back since the last job, ours was, too, or its status would not be trusted. So
// our time of the unlisting is later than that (state/times.hpp), and no job has ended since.
Instant idle_from(Instant idle_since, const Machine& machine, const QueueStatus& status) {
  return was_before_clock_change(idle_since, status) ? *machine.listing.ended_at : idle_since;
}

// Since 2025 the queue runner counts a step only until it fetches the outputs. By then the step has a row in the
// database, which is busy until all is done. So what neither the document counts nor a row that is read later has
// ended.
Proof proof_by_entry(const QueueMachine& entry, const Machine& machine, const QueueStatus& status, Seconds quiet) {
  if (const auto steps = jobs_on(entry); steps > entry.current_jobs.value_or(0))
    return missing(fmt::format("by Hydra's database {} still under way", counted(steps, "step is", "steps are")));
  if (!entry.enabled) return missing("the queue runner does not say whether it still uses it");
  if (*entry.enabled) return missing("the queue runner has not read the machines file without it yet");
  if (!entry.current_jobs) return missing("the queue runner does not say how many jobs it has");
  if (*entry.current_jobs != 0) return missing("still " + busy_with(*entry.current_jobs));
  if (entry.steps_under_way) return "no job, and no step under way by Hydra's database";
  const std::optional<Instant> idle_since = entry.idle_since ? entry.idle_since : machine.seen_idle_at;
  if (!idle_since) return missing("the queue runner does not say since when it is idle");
  if (*idle_since == Instant{}) return "no job since the queue runner started";
  const Instant from = idle_from(*idle_since, machine, status);
  const Seconds idle = status.time - from;
  if (idle < quiet)
    return missing(fmt::format("idle {} s < quiet {} s", idle.count(), quiet.count()), our_clock(from + quiet, status));
  return fmt::format("idle {} s ≥ quiet {} s", idle.count(), quiet.count());
}

Proof proof_by_absence(const Machine& machine, const QueueStatus& status) {
  if (status.started && *status.started > *machine.listing.ended_at) {
    return fmt::format("the queue runner started {} s after it was unlisted",
                       (*status.started - *machine.listing.ended_at).count());
  }
  if (status.from_program) return missing("the queue does not name it, which proves nothing");
  const Seconds listed = machine.listing.lasted.value_or(*machine.listing.ended_at - *machine.listing.first_began_at);
  if (Seconds{0} <= listed && listed < file_poll) {  // negative: our clock was set back in between
    return fmt::format("the queue runner never saw it: unlisted {} s after it was first listed < {} s", listed.count(),
                       file_poll.count());
  }
  return missing("the queue runner does not list it, though it should have seen it");
}

Proof proof_by_silence(const QueueStatus& status) {
  if (status.from_program) return missing("the queue does not say what its machines do");
  std::int64_t running = 0;
  for (const StepTypeCount& steps : status.step_types) running += steps.running;
  if (running == 0) return "the queue runner lists no machines and runs no steps";
  return missing(
      fmt::format("the queue runner lists no machines, and {} running", counted(running, "step is", "steps are")));
}

Proof proof_by_document(const Machine& machine, const QueueStatus& status, Seconds quiet) {
  if (!status.machines) return proof_by_silence(status);
  const QueueMachine* entry = entry_of(status, machine);
  return entry != nullptr ? proof_by_entry(*entry, machine, status, quiet) : proof_by_absence(machine, status);
}

// When the report after the first that shows it out should be there. None: there is no first one yet, or the next is
// overdue, so nothing says when it will come.
std::optional<Instant> next_report_at(const Machine& machine, const QueueStatus& status) {
  if (!machine.listing.seen_out_at) return std::nullopt;
  for (const Seconds interval : ping_intervals) {
    const Instant time = *machine.listing.seen_out_at + interval + noted_within;
    if (time > status.time) return our_clock(time, status);
  }
  return std::nullopt;
}

// When it will have been missing for long enough: see observe/reports.hpp.
std::optional<Instant> counts_as_gone_at(const Machine& machine, const QueueStatus& status, Seconds silence) {
  if (!machine.listing.missing_since || !status.started) return std::nullopt;
  return our_clock(std::max(*machine.listing.missing_since, *status.started) + silence, status);
}

// Machines that report: their steps end with their connection, and one that is closed gets no new ones.
Proof proof_by_reports(const Machine& machine, const QueueStatus& status, Seconds silence) {
  if (!machine.found.seen_out.empty()) return machine.found.seen_out;
  const QueueMachine* entry = entry_of(status, machine);
  if (entry == nullptr && !machine.found.doubt.empty()) return missing(machine.found.doubt);
  if (entry == nullptr) {
    return missing("the queue runner does not know it, which proves nothing yet",
                   counts_as_gone_at(machine, status, silence));
  }
  if (entry->current_jobs.value_or(0) > 0) return missing("still " + busy_with(*entry->current_jobs));
  if (!entry->trouble.empty()) return missing(entry->trouble, next_report_at(machine, status));
  if (entry->enabled != false) return missing("the queue runner may still give it steps");
  if (!machine.found.doubt.empty()) return missing(machine.found.doubt);
  return missing("its next report has to show it without steps, too", next_report_at(machine, status));
}

// An operator has accepted that the steps on it are lost.
bool is_forced(const PoolView& pool, const Machine& machine) {
  const Order* order = order_in_force(pool.seen.orders, OrderKind::destroy, machine.id.text, pool.seen.now);
  return order != nullptr && order->value == by_force && !machine.listing.is_listed;
}

// What was due while the pass was slow is there by now: a new look shows it.
Action wait_for(const Reason& missing, const PoolView& pool, const Machine& machine, const std::string& cause) {
  std::optional<Instant> until = missing.until;
  if (until) until = std::max(*until, pool.seen.now + Seconds{1});
  return act_on(ActionKind::keep, machine, {missing.code, fmt::format("{}; waits: {}", cause, missing.text), until});
}

Action when_proven(ActionKind kind, const PoolView& pool, const Machine& machine, ReasonCode code,
                   const std::string& cause) {
  const bool by_force = is_forced(pool, machine);
  const Proof proof = by_force ? "by force" : proof_of_idleness(machine, pool.seen.queue, pool.config);
  if (!proof) return wait_for(proof.error(), pool, machine, cause);
  const auto operation = kind == ActionKind::stop ? Operation::stop : Operation::destroy;
  const bool has_failed = machine.failures.of == operation;
  const std::string why = has_failed ? fmt::format("{}; {}", cause, machine.last_error) : cause;
  if (const auto wait = wait_after_failure(pool, machine, {operation}))
    return act_on(ActionKind::keep, machine, {wait->code, fmt::format("{}; {}", why, wait->text), wait->until});
  Action action = act_on(kind, machine, {code, fmt::format("{}; {}", why, *proof), {}});
  action.by_force = by_force;
  return action;
}

}  // namespace

Proof proof_of_idleness(const Machine& machine, const Queue& queue, const Config& config) {
  if (machine.found.vanished) return "its provider says that it no longer exists";
  const bool joins = queue && queue->machines_join;
  const bool is_there = joins && entry_of(*queue, machine) != nullptr;  // and may have steps, though it is not listed
  const bool is_out_of_sight = queue ? joins && queue->hides_machines : config.queue.kind == QueueKind::hydra_rust;
  const bool is_unknown = is_there || (is_out_of_sight && !machine.instance.text.empty());
  if (!machine.listing.first_began_at && !is_unknown) return "never listed";
  if (!queue) return missing("the queue runner's status is not trusted");
  if (machine.listing.is_listed && joins) return missing("still listed");
  if (joins) return proof_by_reports(machine, *queue, config.queue.silence);
  if (machine.listing.is_listed || !machine.listing.ended_at) return missing("still in the published machines file");
  const Seconds unlisted = queue->time - *machine.listing.ended_at;
  if (unlisted < config.settle) {
    return missing(fmt::format("unlisted {} s < settle {} s", unlisted.count(), config.settle.count()),
                   our_clock(*machine.listing.ended_at + config.settle, *queue));
  }
  const Proof proof = proof_by_document(machine, *queue, config.quiet);
  if (!proof) return proof;
  return fmt::format("{}, unlisted {} s ≥ settle {} s", *proof, unlisted.count(), config.settle.count());
}

Action stop_when_proven(const PoolView& pool, const Machine& machine, ReasonCode code, const std::string& cause) {
  return when_proven(ActionKind::stop, pool, machine, code, cause);
}

Action destroy_when_proven(const PoolView& pool, const Machine& machine, ReasonCode code, const std::string& cause) {
  return when_proven(ActionKind::destroy, pool, machine, code, cause);
}

}  // namespace hydra_provisioner::decide
