#include "decide/holds.hpp"

#include <algorithm>
#include <map>
#include <string>

#include <fmt/format.h>

#include "decide/renewal.hpp"

namespace hydra_provisioner {
namespace {

constexpr std::int64_t unhealthy_tolerated = 3;

const Order* in_force(const PoolView& pool, OrderKind kind, const std::string& whom) {
  return order_in_force(pool.seen.orders, kind, whom, pool.seen.now);
}

std::string left_of(const Order& order, Instant now) {
  return order.until ? fmt::format("for another {} s", (*order.until - now).count()) : "until that is taken back";
}

std::optional<Reason> pause_of(const PoolView& pool, const std::string& whom) {
  const Order* pause = in_force(pool, OrderKind::pause, whom);
  if (pause == nullptr) return std::nullopt;
  return Reason{fmt::format("paused by an operator, {}", left_of(*pause, pool.seen.now)), pause->until};
}

bool is_unhealthy(const PoolView& pool, const Machine& machine) {
  if (machine.vanished || machine.state == MachineState::failed || is_unusable(pool, machine)) return true;
  // It was ready once, and is not any more.
  return machine.state == MachineState::creating && machine.ready_at && machine.needs_redeploy;
}

std::optional<Reason> too_many_unhealthy(const PoolView& pool) {
  if (!pool.settings.max_unhealthy) return std::nullopt;
  const auto unhealthy =
      std::ranges::count_if(pool.machines, [&](const Machine* machine) { return is_unhealthy(pool, *machine); });
  const std::int64_t all = std::ssize(pool.machines);
  if (unhealthy <= unhealthy_tolerated || unhealthy * 100 <= *pool.settings.max_unhealthy * all) return std::nullopt;
  return Reason{fmt::format("{} of {} machines do not work, more than maxUnhealthy {} %: look after them, or raise it",
                            unhealthy, all, *pool.settings.max_unhealthy),
                {}};
}

// Why this is not done; none: it is.
std::optional<Reason> objection(const PoolView& pool, const Machine& machine, const Action& action) {
  if (std::holds_alternative<Keep>(action) || machine.vanished) return std::nullopt;
  const bool ends_its_use = !std::holds_alternative<Undrain>(action) && !std::holds_alternative<Start>(action) &&
                            !std::holds_alternative<Create>(action);
  const Order* protection = in_force(pool, OrderKind::protect, machine.id.text);
  if (protection != nullptr && ends_its_use && !is_ordered_away(pool.seen.orders, machine, pool.seen.now))
    return Reason{fmt::format("protected by an operator, {}", left_of(*protection, pool.seen.now)), protection->until};
  return is_ordered_away(pool.seen.orders, machine, pool.seen.now) ? std::nullopt : pool.hold;
}

}  // namespace

std::optional<Reason> hold_on(const PoolView& pool) {
  if (auto pause = pause_of(pool, pool.settings.name.text)) return pause;
  if (auto pause = pause_of(pool, "")) return pause;
  return too_many_unhealthy(pool);
}

bool is_protected(const PoolView& pool, const Machine& machine) {
  return in_force(pool, OrderKind::protect, machine.id.text) != nullptr;
}

void hold_back(const PoolView& pool, std::vector<Action>& actions) {
  if (!pool.hold && pool.seen.orders.empty()) return;
  std::map<MachineId, const Machine*> machines;
  for (const Machine* machine : pool.machines) machines.emplace(machine->id, machine);
  for (Action& action : actions) {
    const auto machine = machines.find(machine_of(action));
    if (machine == machines.end()) continue;  // a new one, and those are held back elsewhere
    const auto objecting = objection(pool, *machine->second, action);
    if (!objecting) continue;
    const std::string otherwise = fmt::format("{}: {}", name_of(action), reason_of(action).text);
    action = act_on<Keep>(*machine->second, {fmt::format("{}; else {}", objecting->text, otherwise), objecting->until});
  }
}

}  // namespace hydra_provisioner
