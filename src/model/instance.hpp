// A machine as its provider sees it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/enum_names.hpp"
#include "model/names.hpp"
#include "model/time.hpp"

namespace hydra_provisioner {

enum class InstanceState : std::uint8_t {
  incomplete,  // being made or started, or such an operation was interrupted: repeat it, or destroy
  running,
  unproven,     // it runs; only our own records can tell whether create() finished
  unreachable,  // it exists, but cannot be used as it is; create() may repair it
  stopped,
  vanished,  // no machine exists (any more); its provider only has a note of it
  ended,     // it existed, and does not any more: its cloud or another program ended it
};

template <>
inline constexpr auto names_of<InstanceState> =
    enum_names("incomplete", "running", "unproven", "unreachable", "stopped", "vanished", "ended");

struct Instance {
  InstanceId id;
  MachineId machine;  // as noted by the provider: perhaps not one of ours, or also noted at another instance
  PoolName pool;      // empty when the provider cannot tell
  InstanceState state = InstanceState::incomplete;
  std::string address;   // as Machine's; empty while it has none
  std::string host_key;  // `TYPE KEY`; empty while it has none
  std::optional<Instant> launched_at;
  std::string spec_hash{};             // see Machine; empty when the provider cannot tell
  Seconds billing_period{0};           // of this kind of machine, where its pool has none; 0: billed for what is used
  std::int64_t max_jobs = 0;           // see Machine
  std::string why{};                   // it is in this state, in its provider's words; empty: they do not say
  std::string notice{};                // its cloud will end it soon, in its words; empty: it has not said so
  Owner owner{};                       // the installation that made it; empty when the provider cannot tell
  std::optional<std::int64_t> slot{};  // see Machine; none when the provider cannot tell
  MachineId made_as{};  // by this state directory, as files beside the journal say; empty: they do not know it
};

// A machine that exists, and of which its provider says something that makes no sense: it is left alone.
struct UnclearInstance {
  Instance instance;  // as far as it is known
  std::string why;
};

// A provider's answer to the question which machines it has.
struct Inventory {
  std::vector<Instance> instances;
  std::vector<UnclearInstance> unclear{};
  std::map<PoolName, std::string> unseen{};  // pools whose machines could not be listed, and why
  // How many steps the next new machine will build at a time, of pools that leave that to their provider.
  std::map<PoolName, std::int64_t> max_jobs{};
  std::vector<std::string> problems{};  // that hide no machine
  std::vector<std::string> warnings{};  // of what works less well than it could
  bool notes_owners = false;            // of each machine as it is made: one without an owner was not made by us
};

}  // namespace hydra_provisioner
