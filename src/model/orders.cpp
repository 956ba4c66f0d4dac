#include "model/orders.hpp"

#include <fmt/format.h>

namespace hydra_provisioner {
const Order* order_in_force(const Orders& orders, OrderKind kind, const std::string& subject, Instant now) {
  if (orders.empty()) return nullptr;
  const auto found = orders.find({kind, subject});
  if (found == orders.end() || (found->second.until && *found->second.until <= now)) return nullptr;
  return &found->second;
}

std::string giver_of(const Order& order) {
  const std::string separator = order.author.empty() || order.reason.empty() ? "" : ": ";
  const std::string who = order.author + separator + order.reason;
  return who.empty() ? "an operator" : fmt::format("an operator ({})", who);
}

const Order* order_to_leave(const Orders& orders, const Machine& machine, Instant now) {
  const Order* destroy = order_in_force(orders, OrderKind::destroy, machine.id.text, now);
  return destroy != nullptr ? destroy : order_in_force(orders, OrderKind::drain, machine.id.text, now);
}

bool is_ordered_away(const Orders& orders, const Machine& machine, Instant now) {
  return order_to_leave(orders, machine, now) != nullptr;
}

}  // namespace hydra_provisioner
