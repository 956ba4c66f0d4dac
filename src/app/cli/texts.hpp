// A plan as text, for people, and its parts: printable, apart from the colours.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "app/cli/screen.hpp"
#include "model/plan.hpp"
#include "observe/fleet.hpp"

namespace hydra_provisioner::app {

// The text for a place behind `used` columns, broken into lines that fit the screen. All but the first are indented.
std::string text_below(std::string_view text, std::size_t used, std::size_t indent, const Screen& screen);

// "! …"
std::string marked_line(std::string_view text, std::string_view color, const Screen& screen);

// What is wrong with the queue.
std::string queue_text(const Plan& plan, const Screen& screen);
// A pool's heading, with what holds it back.
std::string pool_text(const PoolPlan& pool, const Screen& screen);
// The machines under our tag that are not ours.
std::string foreign_text(const observe::Fleet& fleet, const Screen& screen);

std::string plan_text(const Plan& plan, const Screen& screen);

}  // namespace hydra_provisioner::app
