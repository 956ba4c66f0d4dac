// What the orders have in common: they are written into the journal, and obeyed from the next pass on.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "app/cli/verb.hpp"
#include "app/inputs/journal.hpp"
#include "io/async/task.hpp"
#include "model/orders.hpp"
#include "review/known_names.hpp"
#include "state/journal.hpp"

namespace hydra_provisioner::app {

// Which machines or types an order is about, why it is given, and in which journal.
struct OrderTarget {
  std::vector<std::string> names{};  // may be patterns such as `farm-1*`; none: everything
  std::string reason{};
  JournalChoice journal{};
};

bool is_pattern(const std::string& name);  // such as `farm-1*`

// The words MACHINE or TYPE, --reason, --tag and --journal.
void declare_machines(Arguments& arguments, OrderTarget& target);
void declare_types(Arguments& arguments, OrderTarget& target);
void declare_optional_types(Arguments& arguments, OrderTarget& target);
// --reason, --tag and --journal alone.
void declare_circumstances(Arguments& arguments, OrderTarget& target);

// Of an order that asks first, unless --yes is given.
struct AskingOptions {
  OrderTarget target;
  bool yes = false;
};
void declare_asking(Arguments& arguments, AskingOptions& options);  // as declare_machines(), and --yes

// What the journal says when the order is given.
struct Situation {
  std::string name;  // of the machine or type; empty: everything
  state::Memory memory;
  Instant now;
  const state::Archive& archive;
  std::string author;
  std::string reason;

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

// Decides for each name, and writes all of the orders or, if one that was named cannot be given, none. Machines that a
// pattern matches, but that cannot be ordered so, are left out. Does not wait for a pass or daemon that is running.
// Without a kind, the journal need not know the names. With `asks`, it asks first on the terminal.
io::Task<Outcome> give_order(OrderTarget target, std::optional<review::Known> kind, Context context, Decide decide,
                             bool asks = false);

}  // namespace hydra_provisioner::app
