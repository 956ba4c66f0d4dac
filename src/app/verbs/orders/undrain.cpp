#include "app/verbs/verbs.hpp"

#include <utility>

#include <fmt/format.h>

#include "app/verbs/orders/order.hpp"

namespace hydra_provisioner::app {
namespace {

Expected<NewOrders> undrain(const Situation& at) {
  if (!at.holds(OrderKind::drain) && !at.holds(OrderKind::destroy))
    return failure(fmt::format("{0} was not ordered to leave; see: hydra-provisioner explain {0}", at.name));
  return NewOrders{{{{OrderKind::drain, at.name}, std::nullopt}, {{OrderKind::destroy, at.name}, std::nullopt}},
                   fmt::format("{} may be used again", at.name)};
}

io::Task<Outcome> run_undrain(OrderTarget target, Context context) {
  return give_order(std::move(target), review::Known::machine, std::move(context), undrain);
}

}  // namespace

Verb undrain_verb() {
  return {.name = "undrain",
          .section = Section::by_hand,
          .summary = "takes back drain or destroy",
          .description =
              "Takes back the order to drain or to destroy a machine, while the machine still exists. It is "
              "used again if it is needed.",
          .examples = {{{"undrain hydra-provisioned-7", "this machine may build again"},
                        {"undrain hydra-provisioned-7 --tag farm2", "with the journal of this tag"}}},
          .declare = command(declare_machines, run_undrain)};
}

}  // namespace hydra_provisioner::app
