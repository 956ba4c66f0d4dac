// What a pass decided from, as facts that can be kept and compared one by one: most of them stay the same from pass to
// pass, and so cost nothing to keep (pass_rows.hpp).
#pragma once

#include <map>
#include <string>

#include "model/config.hpp"
#include "model/error.hpp"
#include "model/snapshot.hpp"

namespace hydra_provisioner::state {

// By names such as `machine/hydra-provisioned-7`; the values are JSON on one line, in which what is none is left out.
using Facts = std::map<std::string, std::string>;

struct Inputs {
  Snapshot seen;
  Config config;  // what plan() looks at: pools, tag, settle and quiet; and prices
};

// Pools are kept as they were in force, not as they were written: another version may have other defaults.
Facts facts_of(const Snapshot& seen, const Config& config);

// What changes in every pass: the clocks. On its own, so that facts stay the same.
std::string clocks_of(const Snapshot& seen);

// The same values again. Facts of other names are left alone.
Expected<Inputs> inputs_of(const Facts& facts, const std::string& clocks);

}  // namespace hydra_provisioner::state
