// An operator's orders: each holds until it is taken back or its time is over.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "model/enum_names.hpp"
#include "model/machine.hpp"
#include "model/names.hpp"
#include "model/time.hpp"

namespace hydra_provisioner {

enum class OrderKind : std::uint8_t {
  // of a machine
  drain,    // the machine leaves like one that is not needed
  destroy,  // the machine leaves, and is not kept as a stopped one
  protect,  // the machine stays in the machines file, and is neither stopped nor destroyed
  forget,   // the machine counts as gone, whatever its provider says
  adopt,    // a foreign machine becomes ours; of everything: all of them
  // of a type
  pause,  // nothing is done with the type's machines; of everything: with any machine
  min_machines,
  max_machines,
  retry,  // what failed before the order is tried again at once
};
template <>
inline constexpr auto names_of<OrderKind> =
    enum_names("drain", "destroy", "protect", "forget", "adopt", "pause", "minMachines", "maxMachines", "retry");

// Order::value of one to destroy: without a proof that no step runs on the machine.
inline constexpr std::int64_t by_force = 1;

struct Order {
  std::int64_t value = 0;  // of a limit; of an order to destroy, by_force or 0
  Instant since;
  std::optional<Instant> until;  // none: until it is taken back
  std::string author{};          // who gave it; empty: that was not noted
  std::string reason{};          // why, in the author's words

  friend bool operator==(const Order&, const Order&) = default;
};

// What an order concerns: a machine's id, a type's name, or (empty) everything.
using OrderKey = std::pair<OrderKind, std::string>;
using Orders = std::map<OrderKey, Order>;

const Order* order_in_force(const Orders& orders, OrderKind kind, const std::string& subject,
                            Instant now);  // null: none

std::string giver_of(const Order& order);  // "an operator (alice: the disk is full)"

// Of drain and destroy, the one that counts; null: neither.
const Order* order_to_leave(const Orders& orders, const Machine& machine, Instant now);
bool is_ordered_away(const Orders& orders, const Machine& machine, Instant now);

}  // namespace hydra_provisioner
