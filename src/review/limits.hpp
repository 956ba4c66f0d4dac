// How many machines a type may have: whose the limits are, and until when.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "model/config.hpp"
#include "model/snapshot.hpp"

namespace hydra_provisioner::review {

struct Limit {
  std::string name;  // minMachines, maxMachines, spareMachines
  std::int64_t value = 0;
  std::string source;            // "of the configuration", "of schedule mon-fri 8-17", "ordered by an operator"
  std::optional<Instant> until;  // none: until it is changed

  friend bool operator==(const Limit&, const Limit&) = default;
};

std::vector<Limit> limits_of(const PoolConfig& configured, const Snapshot& seen);

nlohmann::json limit_documents(const std::vector<Limit>& limits);
std::string limit_lines(const std::vector<Limit>& limits);

}  // namespace hydra_provisioner::review
