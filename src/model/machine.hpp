// One build machine of ours, and its life cycle.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/config.hpp"
#include "model/enum_names.hpp"
#include "model/names.hpp"
#include "model/time.hpp"

namespace hydra_provisioner {

// requested → creating → ready → draining → stopping → stopped, or → destroying → gone, and failed from anywhere.
enum class MachineState : std::uint8_t {
  requested,
  creating,
  ready,
  draining,
  stopping,
  stopped,
  destroying,
  gone,
  failed
};
template <>
inline constexpr auto names_of<MachineState> =
    enum_names("requested", "creating", "ready", "draining", "stopping", "stopped", "destroying", "gone", "failed");

enum class MachineEvent : std::uint8_t {
  creation_began,  // the provider was called, or will be: the intent is recorded
  became_ready,    // it can be published
  became_unready,  // it must be brought up to its specification again, or does not answer
  drained,         // taken out of the machines file
  undrained,       // work returned: back into the file
  stop_began,
  still_running,  // the provider says that it was not stopped
  stopped,        // the provider says that it is stopped
  start_began,
  destruction_began,
  vanished,  // the provider says that it no longer exists
  destroyed,
  failed,  // it could not be made, started or reached
};

// The one place that knows which event leads from which state to which; none: the event makes no sense in that state.
std::optional<MachineState> next_state(MachineState state, MachineEvent event);

struct Machine;
// Applies the event to the machine, if it makes sense in its state; returns whether it did.
bool advance(Machine& machine, MachineEvent event, Instant now);

// What a provider can be asked to do with a machine.
// Redeploying brings a machine that exists up to its specification.
enum class Operation : std::uint8_t { create, start, stop, destroy, redeploy };
template <>
inline constexpr auto names_of<Operation> = enum_names("create", "start", "stop", "destroy", "redeploy");

// How the machines file has listed a machine: the start of its idle time and of the proof of idleness.
struct Listing {
  bool is_listed = false;                 // in the last machines file that is known to be published
  std::optional<Instant> began_at;        // last put (back) into the file
  std::optional<Instant> first_began_at;  // none: never listed, so no step can be on it
  std::optional<Instant> ended_at;  // out of the published file since, by the queue runner's clock; none while listed
  std::optional<Seconds> lasted;    // by our clock, from first_began_at until then
  // Of machines that report to the queue runner: by its clock, the first of the latest reports since it was unlisted
  // that all showed it without steps and closed to new ones. None: the latest one did not.
  std::optional<Instant> seen_out_at{};
  std::optional<Instant> missing_since{};  // from the queue runner's documents, by its clock; none: the latest had it
  // The first of the latest reports that all showed it closed, by the queue runner's clock, if that came while it was
  // listed. None: it has been open since.
  std::optional<Instant> closed_since{};
  // A report of its present connection showed it open while it was listed. So what is shown is the machine whose gate
  // is set, and not another one of its name.
  bool was_seen_open = false;

  friend bool operator==(const Listing&, const Listing&) = default;
};

// How often one operation failed, one time after another: the longer it fails, the longer it waits for its next
// attempt. The machine's last_error says why it failed.
struct Failures {
  std::optional<Operation> of;  // none: the latest operation did not fail
  std::int64_t in_a_row = 0;
  std::optional<Instant> latest;

  friend bool operator==(const Failures&, const Failures&) = default;
};

// Where hosts share a journal: the latest operation that one of them began, and when its job has ended at the latest.
// Until then, other hosts leave the machine alone, unless its provider shows what became of it.
struct BegunOperation {
  std::optional<Operation> what;  // none: it has ended, or no other host can know of this machine
  std::string host;               // its id: see state::Host
  std::optional<Instant> ends_by;

  friend bool operator==(const BegunOperation&, const BegunOperation&) = default;
};

// What the present pass has found out about a machine. The journal does not keep it: every pass looks again.
struct Findings {
  bool vanished = false;        // its provider says that it no longer exists
  std::string notice{};         // its cloud will end it soon, in its words; empty: it has not said so
  std::string unclear;          // why its provider's description of it cannot be used; empty: it can
  bool interrupted = false;     // its creation or start is not finished, and no job works on it any more
  bool needs_redeploy = false;  // it exists, but is not known to be brought up to its specification
  std::string seen_out{};       // what shows that it has no steps and gets none, if machines report; empty: nothing
  bool has_double = false;      // the queue runner shows an older connection of its name than it has shown before
  std::string doubt{};          // why what it reports proves nothing, if machines hide each other; empty: it may prove
  std::optional<Operation> under_way;  // a job of ours, perhaps of an earlier pass, still holds the machine's lock
  std::string elsewhere{};             // the other host on which that job may run; empty: it runs here

  friend bool operator==(const Findings&, const Findings&) = default;
};

struct Machine {
  MachineId id;
  PoolName pool;
  ProviderKind provider = ProviderKind::local;
  InstanceId instance;               // empty until the provider has named it
  MachineId noted_as;                // what its provider calls it, if it is not its id: see observe/places.hpp
  std::optional<std::int64_t> slot;  // the lowest that was free in its pool, from 0; none: its provider needs none
  MachineState state = MachineState::requested;
  Instant since;         // when it entered that state
  Instant requested_at;  // of its creation, of its latest start, or since when it has to become ready again
  std::string address;   // host name or address, as after `root@`; or `USER@ADDRESS`
  std::string host_key;  // `TYPE KEY`, empty for none
  // Of the specification that it was last brought to with success, where its provider can bring it to another; else
  // empty.
  std::string spec_hash;
  std::optional<Instant> launched_at;         // when the current billing periods began to count
  Seconds billing_period{0};                  // where its pool has none; 0: billed for what is used
  std::int64_t max_jobs = 0;                  // where its pool leaves that to its provider; 0: not known
  std::optional<Instant> checked_at;          // when its provider was last asked whether it still works
  std::optional<Instant> unanswered_since{};  // while steps run on it and it does not answer; none: it answered
  std::optional<Instant> kept_alive_at;       // when it was last told, or was to be told, that it is needed
  std::optional<Instant> ready_at;  // idle time counts from here, or from the listing's beginning if that is later
  std::optional<Instant> seen_idle_at{};  // the first of the latest reports without steps: as Listing::seen_out_at
  // By the last status before its provider said that it is gone: how many steps were on it, and since when it had some
  // without a break.
  std::int64_t jobs = 0;
  std::optional<Instant> busy_since{};
  std::optional<Instant> joined_at{};  // when the latest of the connections began that were shown of its name
  // Since when steps waited when it was created or started for them, until it has its first step. None: it has had one,
  // or no step waited.
  std::optional<Instant> wanted_since{};
  bool cannot_stop = false;      // its provider refused to stop it: it is destroyed instead
  bool cannot_redeploy = false;  // nor to bring it to another specification: it is replaced instead
  bool leaves_in_turn = false;   // while draining: it was its turn to be replaced, so it does not go back
  std::string last_error;
  Owner owner;  // that its provider notes for it; empty: it was made before providers did
  Failures failures;
  BegunOperation begun{};
  Listing listing;
  Findings found;

  friend bool operator==(const Machine&, const Machine&) = default;
};

struct FieldName {
  const char* column;  // of the journal's table
  const char* key;     // of an object in JSON
};

// Calls field(FieldName, member) for all that the journal keeps of a machine besides its id. The journal's rows and the
// recorded inputs of a pass are made from this one list.
template <class AnyMachine, class Field>
void visit_kept_fields(AnyMachine& machine, Field&& field) {
  field(FieldName{"pool", "pool"}, machine.pool);
  field(FieldName{"provider", "provider"}, machine.provider);
  field(FieldName{"instance", "instance"}, machine.instance);
  field(FieldName{"noted_as", "notedAs"}, machine.noted_as);
  field(FieldName{"slot", "slot"}, machine.slot);
  field(FieldName{"state", "state"}, machine.state);
  field(FieldName{"since", "since"}, machine.since);
  field(FieldName{"requested_at", "requestedAt"}, machine.requested_at);
  field(FieldName{"address", "address"}, machine.address);
  field(FieldName{"host_key", "hostKey"}, machine.host_key);
  field(FieldName{"spec_hash", "specHash"}, machine.spec_hash);
  field(FieldName{"launched_at", "launchedAt"}, machine.launched_at);
  field(FieldName{"billing_period", "billingPeriod"}, machine.billing_period);
  field(FieldName{"max_jobs", "maxJobs"}, machine.max_jobs);
  field(FieldName{"checked_at", "checkedAt"}, machine.checked_at);
  field(FieldName{"unanswered_since", "unansweredSince"}, machine.unanswered_since);
  field(FieldName{"kept_alive_at", "keptAliveAt"}, machine.kept_alive_at);
  field(FieldName{"ready_at", "readyAt"}, machine.ready_at);
  field(FieldName{"seen_idle_at", "seenIdleAt"}, machine.seen_idle_at);
  field(FieldName{"jobs", "jobs"}, machine.jobs);
  field(FieldName{"busy_since", "busySince"}, machine.busy_since);
  field(FieldName{"joined_at", "joinedAt"}, machine.joined_at);
  field(FieldName{"wanted_since", "wantedSince"}, machine.wanted_since);
  field(FieldName{"cannot_stop", "cannotStop"}, machine.cannot_stop);
  field(FieldName{"cannot_redeploy", "cannotRedeploy"}, machine.cannot_redeploy);
  field(FieldName{"leaves_in_turn", "leavesInTurn"}, machine.leaves_in_turn);
  field(FieldName{"last_error", "lastError"}, machine.last_error);
  field(FieldName{"owner", "owner"}, machine.owner);
  field(FieldName{"failed_operation", "failedOperation"}, machine.failures.of);
  field(FieldName{"failed_in_a_row", "failedInARow"}, machine.failures.in_a_row);
  field(FieldName{"failed_at", "failedAt"}, machine.failures.latest);
  field(FieldName{"begun_operation", "begunOperation"}, machine.begun.what);
  field(FieldName{"begun_by", "begunBy"}, machine.begun.host);
  field(FieldName{"ends_by", "endsBy"}, machine.begun.ends_by);
  field(FieldName{"listed", "listed"}, machine.listing.is_listed);
  field(FieldName{"listed_at", "listedAt"}, machine.listing.began_at);
  field(FieldName{"first_listed_at", "firstListedAt"}, machine.listing.first_began_at);
  field(FieldName{"unlisted_at", "unlistedAt"}, machine.listing.ended_at);
  field(FieldName{"listed_for", "listedFor"}, machine.listing.lasted);
  field(FieldName{"seen_out_at", "seenOutAt"}, machine.listing.seen_out_at);
  field(FieldName{"missing_since", "missingSince"}, machine.listing.missing_since);
  field(FieldName{"closed_since", "closedSince"}, machine.listing.closed_since);
  field(FieldName{"seen_open", "seenOpen"}, machine.listing.was_seen_open);
}

// The same for what is kept, and for what the present pass has found out.
template <class AnyMachine, class Field>
void visit_all_fields(AnyMachine& machine, Field&& field) {
  visit_kept_fields(machine, field);
  field(FieldName{"", "vanished"}, machine.found.vanished);
  field(FieldName{"", "notice"}, machine.found.notice);
  field(FieldName{"", "unclear"}, machine.found.unclear);
  field(FieldName{"", "interrupted"}, machine.found.interrupted);
  field(FieldName{"", "needsRedeploy"}, machine.found.needs_redeploy);
  field(FieldName{"", "seenOut"}, machine.found.seen_out);
  field(FieldName{"", "hasDouble"}, machine.found.has_double);
  field(FieldName{"", "doubt"}, machine.found.doubt);
  field(FieldName{"", "underWay"}, machine.found.under_way);
  field(FieldName{"", "elsewhere"}, machine.found.elsewhere);
}

// How long machines are expected to take until they are ready, while no boot was measured.
inline constexpr Seconds usual_boot_time{180};

std::vector<MachineState> states_of(const std::vector<Machine>& machines);
// "3 ready, 1 draining": without those that are gone.
std::string states_text(const std::vector<MachineState>& states);
// "12 machines: 9 ready, 2 creating, 1 draining"; those that are gone do not count.
std::string counted_by_state(const std::vector<MachineState>& states);

// It is being created or started, and counts as capacity to come.
bool is_coming(const Machine& machine);

// It was ready, and waits for a redeploy. If it answers before that, it can be used again.
bool is_out_of_use(const Machine& machine);

// When a coming machine counts as failed: its pool's bootTimeout after its request.
inline Instant boot_deadline(const Machine& machine, const PoolConfig& pool) {
  return machine.requested_at + pool.boot_timeout;
}

// The most steps that it builds at a time.
inline std::int64_t max_jobs_of(const Machine& machine, const PoolConfig& pool) {
  return pool.jobs_by_machine && machine.max_jobs > 0 ? machine.max_jobs : pool.max_jobs;
}

// The id that its provider notes for it.
inline const MachineId& noted_id(const Machine& machine) {
  return machine.noted_as.text.empty() ? machine.id : machine.noted_as;
}

// The domain of names in the machines file that are no machines: see docs/machines-file.md.
inline constexpr std::string_view placeholder_domain = ".placeholder.invalid";

// The machine's name in the machines file and in the queue runner's status.
std::string queue_name(const Machine& machine);
std::string name_at(const std::string& address);  // `USER@ADDRESS`, root's unless it says otherwise

// The parts of a machine's address: `HOST`, `USER@HOST:PORT`, `USER@[IPV6]:PORT`.
struct LoginParts {
  std::string user = "root";
  std::string host{};         // an IPv6 address without brackets
  std::optional<int> port{};  // none: 22

  friend bool operator==(const LoginParts&, const LoginParts&) = default;
};
LoginParts login_parts(std::string_view address);
std::string known_host(const LoginParts& login);  // as known_hosts files name it: `HOST` or `[HOST]:PORT`

// The address of a machine to which steps of this pool are sent: with the pool's user, unless it is root or the address
// has one. An empty address stays empty.
std::string address_in(const PoolConfig& pool, const std::string& address);
// A port other than 22 is part of the address.
std::string address_with(const std::string& host, std::int64_t port);

}  // namespace hydra_provisioner
