// What a machine needs to know to connect to a queue runner by itself.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/config.hpp"
#include "model/error.hpp"
#include "model/names.hpp"

namespace hydra_provisioner::providers {

// Systems, features and jobs are those of the pool.
struct Joining {
  MachineId machine;  // the host name, by which the queue runner knows it
  PoolName pool;
  std::string endpoint;  // URL of the queue runner
  std::string token;     // empty: it has a certificate of its own
  MachineKind kind{};
  std::int64_t max_jobs = 1;
};

// None: its pool has no builderEndpoint. Fails if builderTokenFile cannot be read or is empty: while one token is
// missing, the queue runner lets everybody in.
Expected<std::optional<Joining>> joining_of(const PoolConfig& pool, const MachineId& machine);

// What it adds to the specification of a machine: a builder has the settings with which it connected. Nothing for a
// pool without a builderEndpoint.
std::string part_of_specification(const PoolConfig& pool);

// As lines `HYDRA_BUILDER_NAME:t-7` for user data, which nix/build-machine.nix reads.
std::vector<std::string> lines_of(const Joining& joining);

}  // namespace hydra_provisioner::providers
