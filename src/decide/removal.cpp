#include "decide/removal.hpp"

#include <fmt/format.h>

#include "decide/proof.hpp"

namespace hydra_provisioner {
namespace {

template <class Verb>
Action when_proven(const PoolView& pool, const Machine& machine, const std::string& cause) {
  const auto proof = proof_of_idleness(machine, pool.seen.queue, pool.config);
  if (proof) return act_on<Verb>(machine, {fmt::format("{}; {}", cause, *proof), {}});
  return act_on<Keep>(machine, {fmt::format("{}; waits: {}", cause, proof.error().text), proof.error().until});
}

}  // namespace

Action stop_when_proven(const PoolView& pool, const Machine& machine, const std::string& cause) {
  return when_proven<Stop>(pool, machine, cause);
}

Action destroy_when_proven(const PoolView& pool, const Machine& machine, const std::string& cause) {
  return when_proven<Destroy>(pool, machine, cause);
}

}  // namespace hydra_provisioner
