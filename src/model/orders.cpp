#include "model/orders.hpp"

#include <algorithm>
#include <array>

namespace hydra_provisioner {
namespace {

constexpr std::array<std::string_view, 6> names{"drain", "destroy", "protect", "pause", "minMachines", "maxMachines"};

}  // namespace

std::string_view to_string(OrderKind kind) { return names.at(static_cast<std::size_t>(kind)); }

std::optional<OrderKind> order_kind(std::string_view name) {
  const auto found = std::ranges::find(names, name);
  if (found == names.end()) return std::nullopt;
  return static_cast<OrderKind>(found - names.begin());
}

const Order* order_in_force(const Orders& orders, OrderKind kind, const std::string& whom, Instant now) {
  if (orders.empty()) return nullptr;
  const auto found = orders.find({kind, whom});
  if (found == orders.end() || (found->second.until && *found->second.until <= now)) return nullptr;
  return &found->second;
}

bool is_ordered_away(const Orders& orders, const Machine& machine, Instant now) {
  return order_in_force(orders, OrderKind::drain, machine.id.text, now) != nullptr ||
         order_in_force(orders, OrderKind::destroy, machine.id.text, now) != nullptr;
}

}  // namespace hydra_provisioner
