#include "decide/holds.hpp"

#include <algorithm>
#include <map>
#include <string>

#include <fmt/format.h>

#include "decide/back_off.hpp"
#include "decide/replacement.hpp"

namespace hydra_provisioner::decide {
namespace {

constexpr std::int64_t unhealthy_tolerated = 3;

const Order* in_force(const PoolView& pool, OrderKind kind, const std::string& subject) {
  return order_in_force(pool.seen.orders, kind, subject, pool.seen.now);
}

std::string left_of(const Order& order, Instant now) {
  return order.until ? fmt::format("for another {} s", (*order.until - now).count()) : "until it is taken back";
}

std::optional<Reason> pause_of(const PoolView& pool, const std::string& subject) {
  const Order* pause = in_force(pool, OrderKind::pause, subject);
  if (pause == nullptr) return std::nullopt;
  return Reason{ReasonCode::paused, fmt::format("paused by {}, {}", giver_of(*pause), left_of(*pause, pool.seen.now)),
                pause->until};
}

bool is_unhealthy(const PoolView& pool, const Machine& machine) {
  if (machine.found.vanished || machine.state == MachineState::failed || is_unusable(pool, machine)) return true;
  // It was ready once, and is not ready now.
  return machine.state == MachineState::creating && machine.ready_at && machine.found.needs_redeploy;
}

}  // namespace

std::int64_t count_unhealthy(const PoolView& pool) {
  return std::ranges::count_if(pool.machines, [&](const Machine* machine) { return is_unhealthy(pool, *machine); });
}

namespace {

std::optional<Reason> too_many_unhealthy(const PoolView& pool) {
  if (!pool.settings.max_unhealthy) return std::nullopt;
  const std::int64_t unhealthy = count_unhealthy(pool);
  const std::int64_t all = std::ssize(pool.machines);
  if (unhealthy <= unhealthy_tolerated || unhealthy * 100 <= *pool.settings.max_unhealthy * all) return std::nullopt;
  return Reason{ReasonCode::unhealthy,
                fmt::format("{} of {} machines do not work, more than maxUnhealthy {} %: look after them, or raise it",
                            unhealthy, all, *pool.settings.max_unhealthy),
                {}};
}

// Why the action is not done; none: it is done.
std::optional<Reason> obstacle_to(const PoolView& pool, const Machine& machine, const Action& action) {
  if (action.kind == ActionKind::keep || machine.found.vanished) return std::nullopt;
  const bool ends_its_use =
      action.kind != ActionKind::undrain && action.kind != ActionKind::start && action.kind != ActionKind::create;
  const Order* protection = in_force(pool, OrderKind::protect, machine.id.text);
  if (protection != nullptr && ends_its_use && !must_leave(pool, machine))
    return Reason{ReasonCode::protected_by_order,
                  fmt::format("protected by {}, {}", giver_of(*protection), left_of(*protection, pool.seen.now)),
                  protection->until};
  return must_leave(pool, machine) ? std::nullopt : pool.hold;
}

constexpr std::size_t failures_tolerated = 5;
constexpr Seconds failure_window{3600};
constexpr Seconds rest{3600};

std::string latest_error(const CreationRecord& record) {
  return record.last_error.empty() ? "" : fmt::format("; the latest: {}", record.last_error);
}

// What seems to lie in the future happened before our clock was set back.
std::optional<Instant> end_of_rest(const std::vector<Instant>& failures, Instant now) {
  std::optional<Instant> end;
  for (std::size_t i = failures_tolerated; i < failures.size(); ++i) {
    if (failures[i] > now) break;
    if (failures[i] - failures[i - failures_tolerated] <= failure_window) end = failures[i] + rest;
  }
  return end;
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
    const auto machine = machines.find(action.machine);
    if (machine == machines.end()) continue;  // a new one, and those are held back elsewhere
    const auto obstacle = obstacle_to(pool, *machine->second, action);
    if (!obstacle) continue;
    const std::string otherwise = fmt::format("{}: {}", to_string(action.kind), action.reason.text);
    // The action can change by itself before the hold ends: a paid period begins, and the machine may return.
    action = act_on(ActionKind::keep, *machine->second,
                    {obstacle->code, fmt::format("{}; else {}", obstacle->text, otherwise),
                     earlier_of(obstacle->until, action.reason.until)});
  }
}

bool is_specified(const PoolView& pool) {
  const auto wanted = pool.seen.specifications.find(pool.settings.name);
  return wanted == pool.seen.specifications.end() || wanted->second;
}

std::optional<Reason> creation_hold(const PoolView& pool) {
  if (pool.hold) return pool.hold;
  if (!is_specified(pool)) return Reason{ReasonCode::unspecified, std::string(unspecified), {}};
  if (const auto& unpublished = pool.seen.unpublished) {
    return Reason{ReasonCode::unpublished,
                  fmt::format("no creations: the machines file cannot be published since {} s: {}",
                              (pool.seen.now - unpublished->since).count(), unpublished->why),
                  {}};
  }
  const auto known = pool.seen.creations.find(pool.settings.name);
  if (known == pool.seen.creations.end()) return std::nullopt;
  const auto& [name, record] = *known;
  const Instant now = pool.seen.now;
  if (const auto end = end_of_rest(record.failures, now); end && now < *end) {
    return Reason{ReasonCode::rest,
                  fmt::format("no creations for another {} s: more than {} machines failed within an hour{}",
                              (*end - now).count(), failures_tolerated, latest_error(record)),
                  end};
  }
  if (record.failed_passes == 0) return std::nullopt;
  const Instant end = record.last_failed_pass + back_off(record.failed_passes);
  if (now >= end || now < record.last_failed_pass) return std::nullopt;
  return Reason{
      ReasonCode::back_off,
      fmt::format("no creations for another {} s: back-off of {} s, passes in a row whose creations failed: {}{}",
                  (end - now).count(), back_off(record.failed_passes).count(), record.failed_passes,
                  latest_error(record)),
      end};
}

}  // namespace hydra_provisioner::decide
