#include "app/verbs/verbs.hpp"

#include <utility>

#include <fmt/format.h>

#include "app/verbs/orders/order.hpp"

namespace hydra_provisioner::app {
namespace {

Expected<NewOrders> forget(const Situation& at) {
  const auto machine = at.unprotected_machine();
  if (!machine) return std::unexpected(machine.error());
  return NewOrders{
      {{{OrderKind::forget, at.name}, at.order({})}},
      fmt::format("{} ({}, {}) counts as gone from the next pass on; if it still exists, nothing stops it, "
                  "or what it costs",
                  at.name, (*machine)->pool, to_string((*machine)->state))};
}

io::Task<Outcome> run_forget(AskingOptions options, Context context) {
  return give_order(std::move(options.target), review::Known::machine, std::move(context), forget, !options.yes);
}

}  // namespace

Verb forget_verb() {
  return {.name = "forget",
          .section = Section::by_hand,
          .summary = "counts a machine as gone that cannot be destroyed",
          .description =
              "For a machine that is gone for good, or cannot be destroyed: it is out of use and out of the "
              "fleet, and is not taken over again if its provider still shows it. Nothing is destroyed, so first make "
              "sure that it costs nothing. It asks first.",
          .examples = {{{"forget hydra-provisioned-7", "asks on the terminal, and forgets this machine"},
                        {"forget hydra-provisioned-7 --yes", "the same from a script"}}},
          .declare = command(declare_asking, run_forget)};
}

}  // namespace hydra_provisioner::app
