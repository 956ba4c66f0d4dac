// What Hydra's tables BuildSteps and Builds tell of steps beyond the queue runner's status.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "io/postgres.hpp"
#include "model/error.hpp"
#include "model/queue.hpp"
#include "model/time.hpp"

namespace hydra_provisioner::observe {

using Rows = Expected<std::vector<io::DatabaseRow>>;  // or why a query failed

// How many steps are under way on each machine: from soon after they got a slot until their outputs are fetched and
// their results noted. A queue runner that was killed leaves its rows busy until it starts again.
extern const std::string_view steps_under_way_query;
using StepsUnderWay = std::map<std::string, std::int64_t>;  // by name in the machines file
Expected<StepsUnderWay> steps_under_way_of(const Rows& answer);

// `steps` are those of a later moment than the status. Machines that it does not list get an entry if they have any.
void note_steps_under_way(QueueStatus& status, const StepsUnderWay& steps);

// How long a waiting step of each system is expected to take, with the copying for which it has a slot: by the steps of
// the last week, 100,000 at most. Each unfinished build counts like the builds of its job, and one of a job without any
// like the average build of its system. Systems with fewer than five steps are left out.
extern const std::string_view expected_times_query;
Expected<std::map<std::string, Millis>> expected_times_of(const Rows& answer);

}  // namespace hydra_provisioner::observe
