// What the orders have in common: they are written into the journal, and obeyed from the next pass on.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "app/cli/verb.hpp"
#include "io/async/task.hpp"
#include "model/orders.hpp"
#include "review/known_names.hpp"
#include "state/journal.hpp"

namespace hydra_provisioner::app {

// Which machine or type an order is about, and in which journal.
struct OrderTarget {
  std::string name{};  // empty: everything
  std::string tag{};
};

// The word MACHINE or TYPE, and --tag.
void declare_machine(Arguments& arguments, OrderTarget& target);
void declare_type(Arguments& arguments, OrderTarget& target);
void declare_optional_type(Arguments& arguments, OrderTarget& target);

// Of an order that asks first, unless --yes is given.
struct AskingOptions {
  OrderTarget target;
  bool yes = false;
};
void declare_asking(Arguments& arguments, AskingOptions& options);  // MACHINE, --tag and --yes

// What the journal says when the order is given.
struct Situation {
  std::string name;  // of the machine or type; empty: everything
  state::Memory memory;
  Instant now;
  const state::Archive& archive;

  bool holds(OrderKind kind) const { return order_in_force(memory.orders, kind, name, now) != nullptr; }
  Order order(std::optional<Seconds> span, std::int64_t value = 0) const;
  Expected<const Machine*> machine() const;
  Expected<const Machine*> unprotected_machine() const;
  std::string what_runs() const;  // on the machine, as far as the latest pass knew: "2 steps ran on it at …"
};

// The orders to write, and what they mean.
struct NewOrders {
  std::map<OrderKey, std::optional<Order>> orders;  // none: it is taken back
  std::string meaning;
};

std::string until_text(const Situation& at, std::optional<Seconds> span);
std::string everything_or(const std::string& name);

// The message says why this cannot be ordered now.
using Decide = std::function<Expected<NewOrders>(const Situation&)>;

// Does not wait for a pass or daemon that is running. Without a kind, the journal need not know the name. With `asks`,
// it asks first on the terminal.
io::Task<Outcome> give_order(OrderTarget target, std::optional<review::Known> kind, Context context, Decide decide,
                             bool asks = false);

}  // namespace hydra_provisioner::app
