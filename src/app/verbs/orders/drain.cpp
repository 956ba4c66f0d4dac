#include "app/verbs/verbs.hpp"

#include <utility>

#include <fmt/format.h>

#include "app/verbs/orders/order.hpp"

namespace hydra_provisioner::app {
namespace {

Expected<NewOrders> drain(const Situation& at) {
  const auto machine = at.unprotected_machine();
  if (!machine) return std::unexpected(machine.error());
  if (is_coming(**machine))
    return failure(fmt::format("{0} is {1}, and gets no steps yet; give it up by: hydra-provisioner destroy {0}",
                               at.name, to_string((*machine)->state)));
  return NewOrders{{{{OrderKind::drain, at.name}, at.order({})}},
                   fmt::format("{} gets no new steps, and goes once it is idle", at.name)};
}

io::Task<Outcome> run_drain(OrderTarget target, Context context) {
  return give_order(std::move(target), review::Known::machine, std::move(context), drain);
}

}  // namespace

Verb drain_verb() {
  return {.name = "drain",
          .section = Section::by_hand,
          .summary = "takes a machine out of use; it goes once it is idle",
          .description =
              "Lets a machine get no new steps, even if it is needed or busy or the queue runner's "
              "status is not trusted. Once it is idle it is stopped or destroyed, as every machine that is not "
              "needed, and it is replaced if it was needed.",
          .examples = {{{"drain hydra-provisioned-7", "no new build starts on this machine"},
                        {"drain 'hydra-provisioned-1*' --reason \"new kernel\"", "all that match, and why"}}},
          .declare = command(declare_machines, run_drain)};
}

}  // namespace hydra_provisioner::app
