#include "decide/back_off.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace hydra_provisioner::decide {
namespace {

constexpr Seconds first_back_off{30};
constexpr Seconds longest_back_off{1800};

// What the machine is made from has changed, or an operator has ordered something.
bool has_changed_since(const PoolView& pool, const Machine& machine, Instant time) {
  const auto record = pool.seen.creations.find(machine.pool);
  if (record != pool.seen.creations.end() && record->second.counted_from >= time) return true;
  const auto is_newer = [&](OrderKind kind, const std::string& subject) {
    const Order* order = order_in_force(pool.seen.orders, kind, subject, pool.seen.now);
    return order != nullptr && order->since >= time && order->since <= pool.seen.now;
  };
  return is_newer(OrderKind::destroy, machine.id.text) || is_newer(OrderKind::drain, machine.id.text) ||
         is_newer(OrderKind::retry, machine.pool.text);
}

}  // namespace

Seconds back_off(std::int64_t failures) {
  Seconds wait = first_back_off;
  for (std::int64_t i = 1; i < failures && wait < longest_back_off; ++i) wait *= 2;
  return std::min(wait, longest_back_off);
}

std::optional<Reason> wait_after_failure(const PoolView& pool, const Machine& machine,
                                         std::initializer_list<Operation> operations) {
  const auto& [operation, in_a_row, latest] = machine.failures;
  if (!operation || !latest || std::ranges::find(operations, *operation) == operations.end()) return std::nullopt;
  const Instant end = *latest + back_off(in_a_row);
  if (pool.seen.now >= end || pool.seen.now < *latest || has_changed_since(pool, machine, *latest)) return std::nullopt;
  return Reason{ReasonCode::retry,
                fmt::format("failed {}, tried again in {} s",
                            in_a_row == 1 ? "once" : fmt::format("{} times", in_a_row), (end - pool.seen.now).count()),
                end};
}

}  // namespace hydra_provisioner::decide
