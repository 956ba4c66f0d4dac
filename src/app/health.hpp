// How the farm is, for monitors.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "app/inputs/last_pass.hpp"
#include "model/enum_names.hpp"
#include "model/plan.hpp"
#include "model/queue.hpp"
#include "observe/fleet.hpp"
#include "pass/look.hpp"

namespace hydra_provisioner::app {

enum class Grade : std::uint8_t { fine, degraded, broken };  // the exit statuses 0, 1 and 2

}  // namespace hydra_provisioner::app

template <>
inline constexpr auto hydra_provisioner::names_of<hydra_provisioner::app::Grade> =
    hydra_provisioner::enum_names("fine", "degraded", "broken");

namespace hydra_provisioner::app {

struct Health {
  Grade grade = Grade::fine;
  std::string line;  // "degraded: x86_64-linux: no creations for another 25 s: …"
};

// Broken: machines neither come nor go as they should, because no pass is made, the status is not trusted, the machines
// file is not published, or the queue runner uses none of a type's machines. Degraded: a part does not work.
Health health_of(const LastPass& last, Seconds interval, const Plan& plan, const std::vector<std::string>& problems);
// Of a look, whose own problems and foreign machines in use count as well. `trouble` is what is wrong besides; empty:
// nothing is.
Health health_of(const LastPass& last, Seconds interval, const pass::Look& look, const Plan& plan,
                 const std::string& trouble = {});
Health broken_health(const std::vector<std::string>& problems);

// Foreign machines that our queue runner uses: the state directory was lost, or two installations have one queue
// runner.
std::vector<std::string> foreign_in_use(const observe::Fleet& fleet, const Queue& queue);

}  // namespace hydra_provisioner::app
