// One build machine of ours, and its life cycle.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

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

struct Machine {
  MachineId id;
  PoolName pool;
  ProviderKind provider = ProviderKind::local;
  InstanceId instance;  // empty until the provider has named it
  MachineState state = MachineState::requested;
  Instant since;         // when it entered that state
  Instant requested_at;  // of its creation, of its latest start, or since when it has to become ready again
  std::string address;   // host name or address, as after `root@`; or `USER@ADDRESS`
  std::string host_key;  // `TYPE KEY`, empty for none
  // Of the specification that it was last brought to with success, where its provider can bring it to another; else
  // empty.
  std::string spec_hash;
  std::optional<Instant> launched_at;  // when the current billing periods began to count
  Seconds billing_period{0};           // where its pool has none; 0: billed for what is used

  std::optional<Instant> checked_at;  // when its provider was last asked whether it still works

  // Idle time counts from the latest of these.
  std::optional<Instant> ready_at;
  std::optional<Instant> listed_at;  // last put (back) into the machines file

  // Proof of idleness. `unlisted_at` is in the queue runner's clock.
  bool listed = false;                     // in the last machines file that we know was published
  std::optional<Instant> first_listed_at;  // none: never listed, so no step can be on it
  std::optional<Instant> unlisted_at;      // since when it is out of the published file; none while listed
  std::optional<Seconds> listed_for;       // by our clock, from first_listed_at until then

  bool cannot_stop = false;            // its provider refused to stop it: it is destroyed instead
  bool vanished = false;               // its provider says that it no longer exists
  bool interrupted = false;            // its creation or start is not finished, and nobody is at it any more
  bool needs_redeploy = false;         // it exists, but is not known to be brought up to its specification
  std::optional<Operation> under_way;  // a job of ours, perhaps of an earlier pass, still holds the machine's lock
  std::string last_error;

  friend bool operator==(const Machine&, const Machine&) = default;
};

// It is being created or started, and counts as capacity to come.
bool is_coming(const Machine& machine);

// The machine's name in the machines file and in the queue runner's status.
std::string queue_name(const Machine& machine);
std::string name_at(const std::string& address);  // `USER@ADDRESS`, root's unless it says otherwise

}  // namespace hydra_provisioner
