// What machines are used for, and what that costs.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "model/config.hpp"
#include "model/enum_names.hpp"
#include "model/machine.hpp"
#include "model/money.hpp"
#include "model/names.hpp"
#include "model/plan.hpp"
#include "model/queue.hpp"
#include "model/snapshot.hpp"
#include "model/time.hpp"
#include "state/journal.hpp"

namespace hydra_provisioner::pass {

// The columns of state::Usage, which says what each of them means.
enum class Use : std::uint8_t { boot, busy, idle, drain, stopped };

// While the status is not trusted, a machine in use counts as busy: nothing says that it is idle.
Use use_of(const Machine& machine, const Queue& queue);

Seconds time_of(const state::Usage& usage, Use use);

// Per hour, of a machine that is used in this way, also of a pool that is not configured any more. None: unknown. A
// stopped one costs nothing unless its pool says otherwise.
std::optional<Micros> price_of(const PoolName& pool, Use use, const std::vector<PoolConfig>& retired,
                               const Config& config);
std::optional<Micros> price_of(const PoolConfig& pool, Use use);

// In whole units. None: no price is known, or a stopped machine costs nothing.
std::optional<double> cost_of(const state::Usage& usage, Use use);

// Of every pool with machines. Each machine counts for the whole `span`, as it is now.
std::vector<state::Usage> usage_of(const Snapshot& seen, const Config& config, Seconds span);

// Of every pool that is planned for or used. Steps count for the whole `span`, too; `usage` is of the same span, and
// `waiting` as in Report.
std::vector<state::Load> load_of(const std::vector<state::Usage>& usage, const Plan& plan,
                                 const std::map<PoolName, Instant>& waiting, Seconds span);

}  // namespace hydra_provisioner::pass

template <>
inline constexpr auto hydra_provisioner::names_of<hydra_provisioner::pass::Use> =
    hydra_provisioner::enum_names("boot", "busy", "idle", "drain", "stopped");
