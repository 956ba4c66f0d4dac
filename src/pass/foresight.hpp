// What the next pass would decide, from a status that was read since the last one.
#pragma once

#include <optional>
#include <string>

#include "model/config.hpp"
#include "model/plan.hpp"
#include "model/queue.hpp"
#include "model/time.hpp"
#include "pass/report.hpp"

namespace hydra_provisioner::pass {

// All but the status and the time is as the last pass saw and left it.
Plan foresee(const Report& last, const Config& config, QueueStatus status, Instant now);

// What a pass would do that the last one has not decided already; empty: nothing.
std::string news_in(const Plan& foreseen, const Plan& last);

// Whether steps wait or run, or a machine waits for the proof that it is idle: then the status changes by itself.
bool is_in_motion(const Report& last, const Queue& status);

}  // namespace hydra_provisioner::pass
