#include "app/verbs/verbs.hpp"

#include <utility>

#include <fmt/format.h>

#include "app/verbs/orders/order.hpp"

namespace hydra_provisioner::app {
namespace {

struct DestroyOptions {
  AskingOptions asking;
  bool force = false;
};

void declare(Arguments& arguments, DestroyOptions& options) {
  arguments.flag("--force", options.force, "do not wait for the steps that run on it: they are lost");
  declare_asking(arguments, options.asking);
}

std::string consequence(const Situation& at, bool force) {
  if (!force) return "is destroyed once nothing runs on it";
  return fmt::format(
      "is destroyed at once ({}). Steps that run on it are lost: the queue runner tries each again, five times at most",
      at.what_runs());
}

Expected<NewOrders> destroy(const Situation& at, bool force) {
  const auto machine = at.unprotected_machine();
  if (!machine) return std::unexpected(machine.error());
  return NewOrders{{{{OrderKind::destroy, at.name}, at.order({}, force ? by_force : 0)}},
                   fmt::format("{} ({}, {}) gets no new steps, and {}", at.name, (*machine)->pool,
                               to_string((*machine)->state), consequence(at, force))};
}

io::Task<Outcome> run(DestroyOptions options, Context context) {
  return give_order(
      std::move(options.asking.target), review::Known::machine, std::move(context),
      [force = options.force](const Situation& at) { return destroy(at, force); }, !options.asking.yes);
}

}  // namespace

Verb destroy_verb() {
  return {.name = "destroy",
          .section = Section::by_hand,
          .summary = "gets rid of a machine, once it is proven idle",
          .description =
              "Lets a machine get no new steps, and destroys it once it is proven that nothing runs "
              "on it, even with stopOnIdle. This also works for a machine that is stopped, failed or not "
              "ready yet. It asks first. With --force it does not wait for a proof: for a machine that hangs.",
          .examples = {{{"destroy hydra-provisioned-7", "asks on the terminal, and destroys this machine"},
                        {"destroy hydra-provisioned-7 --force", "it hangs, and its steps are lost anyway"}}},
          .declare = command<DestroyOptions>(declare, run)};
}

}  // namespace hydra_provisioner::app
