#include "app/verbs/verbs.hpp"

#include <utility>

#include <fmt/format.h>

#include "app/verbs/orders/order.hpp"

namespace hydra_provisioner::app {
namespace {

Expected<NewOrders> resume(const Situation& at) {
  if (at.holds(OrderKind::pause))
    return NewOrders{{{{OrderKind::pause, at.name}, std::nullopt}}, fmt::format("{} goes on", everything_or(at.name))};
  const bool all_is_paused = order_in_force(at.memory.orders, OrderKind::pause, "", at.now) != nullptr;
  return failure(fmt::format("{} is not paused{}", everything_or(at.name),
                             all_is_paused ? ", but everything is; write: hydra-provisioner resume" : ""));
}

io::Task<Outcome> run_resume(OrderTarget target, Context context) {
  return give_order(std::move(target), review::Known::type, std::move(context), resume);
}

}  // namespace

Verb resume_verb() {
  return {.name = "resume",
          .section = Section::by_hand,
          .summary = "takes back pause",
          .description =
              "Takes back pause, of one type or of everything. A type that was paused by itself stays paused "
              "when everything is resumed.",
          .examples = {{{"resume x86_64-linux", "takes back: pause x86_64-linux"}, {"resume", "takes back: pause"}}},
          .declare = command(declare_optional_types, run_resume)};
}

}  // namespace hydra_provisioner::app
