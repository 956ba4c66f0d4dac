#include "app/verbs/verbs.hpp"

#include <utility>

#include <fmt/format.h>

#include "app/verbs/orders/order.hpp"

namespace hydra_provisioner::app {
namespace {

Expected<NewOrders> destroy(const Situation& at) {
  const auto machine = at.unprotected_machine();
  if (!machine) return std::unexpected(machine.error());
  return NewOrders{{{{OrderKind::destroy, at.name}, at.order({})}},
                   fmt::format("{} ({}, {}) leaves the machines file, and is destroyed once nothing runs on it",
                               at.name, (*machine)->pool, to_string((*machine)->state))};
}

io::Task<Outcome> run(AskingOptions options, Context context) {
  return give_order(std::move(options.target), review::Known::machine, std::move(context), destroy, !options.yes);
}

}  // namespace

Verb destroy_verb() {
  return {.name = "destroy",
          .section = Section::by_hand,
          .summary = "gets rid of a machine, once it is proven idle",
          .description =
              "Takes a machine out of the machines file, and destroys it once it is proven that nothing runs "
              "on it, even with stopOnIdle. This also works for a machine that is stopped, failed or not "
              "ready yet. It asks first.",
          .examples = {{{"destroy hydra-provisioned-7", "asks on the terminal, and destroys this machine"},
                        {"destroy hydra-provisioned-7 --yes", "the same from a script"}}},
          .declare = command(declare_asking, run)};
}

}  // namespace hydra_provisioner::app
