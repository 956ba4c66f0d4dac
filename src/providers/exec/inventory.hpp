// What several programs say of their machines, as one.
#pragma once

#include <set>
#include <vector>

#include "model/error.hpp"
#include "model/instance.hpp"
#include "model/names.hpp"

namespace hydra_provisioner {

// One program's answer, with the pools whose machines it makes.
struct ExecListing {
  std::set<PoolName> pools;
  Expected<std::vector<Instance>> machines;
};

// A pool's machines are those that its own program lists; of pools that have none, whoever lists them. What is not of
// the tag is none of ours.
Inventory inventory_of(const Tag& tag, const std::vector<ExecListing>& listings);

}  // namespace hydra_provisioner
