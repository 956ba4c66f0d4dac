// How long machines took to boot, as the journal tells.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "model/names.hpp"
#include "state/journal.hpp"
#include "trace/trace.hpp"

namespace hydra_provisioner::forecast {

// From the request for each machine until it was ready, by pool; of at most so many of the latest.
std::map<PoolName, std::vector<Millis>> boots_in(const std::vector<state::JournalEvent>& events);

}  // namespace hydra_provisioner::forecast
