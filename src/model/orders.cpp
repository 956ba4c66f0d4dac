#include "model/orders.hpp"

namespace hydra_provisioner {
const Order* order_in_force(const Orders& orders, OrderKind kind, const std::string& subject, Instant now) {
  if (orders.empty()) return nullptr;
  const auto found = orders.find({kind, subject});
  if (found == orders.end() || (found->second.until && *found->second.until <= now)) return nullptr;
  return &found->second;
}

bool is_ordered_away(const Orders& orders, const Machine& machine, Instant now) {
  return order_in_force(orders, OrderKind::drain, machine.id.text, now) != nullptr ||
         order_in_force(orders, OrderKind::destroy, machine.id.text, now) != nullptr;
}

}  // namespace hydra_provisioner
