#include "app/verbs/verbs.hpp"

#include <optional>
#include <utility>

#include <fmt/format.h>

#include "app/verbs/orders/order.hpp"

namespace hydra_provisioner::app {
namespace {

struct ProtectOptions {
  OrderTarget target;
  std::optional<Seconds> span;
  bool off = false;
};

void declare(Arguments& arguments, ProtectOptions& options) {
  arguments.option("--for", "SPAN", into(options.span), "for how long: 30m, 2h, 3d; by default until it is taken back");
  arguments.flag("--off", options.off, "take the order back");
  declare_machines(arguments, options.target);
  arguments.check([&options]() -> Expected<void> {
    if (options.off && options.span) return failure("--off takes the order back, and does not go with --for");
    return {};
  });
}

Expected<NewOrders> protect(const Situation& at, std::optional<Seconds> span) {
  const auto machine = at.machine();
  if (!machine) return std::unexpected(machine.error());
  if (is_ordered_away(at.memory.orders, **machine, at.now))
    return failure(
        fmt::format("{0} was ordered to leave; take that back first: hydra-provisioner undrain {0}", at.name));
  return NewOrders{{{{OrderKind::protect, at.name}, at.order(span)}},
                   fmt::format("{} is neither drained nor stopped nor destroyed, {}", at.name, until_text(at, span))};
}

Expected<NewOrders> unprotect(const Situation& at) {
  if (!at.holds(OrderKind::protect)) return failure(fmt::format("{} is not protected", at.name));
  return NewOrders{{{{OrderKind::protect, at.name}, std::nullopt}},
                   fmt::format("{} is not protected any more", at.name)};
}

io::Task<Outcome> run(ProtectOptions options, Context context) {
  return give_order(std::move(options.target), review::Known::machine, std::move(context),
                    [span = options.span, off = options.off](const Situation& at) {
                      return off ? unprotect(at) : protect(at, span);
                    });
}

}  // namespace

Verb protect_verb() {
  return {.name = "protect",
          .section = Section::by_hand,
          .summary = "keeps a machine, however long it is idle",
          .description =
              "Leaves a machine as it is: it is neither drained nor stopped nor destroyed nor redeployed, "
              "however long it is idle or failed. It still goes out of use if it vanishes.",
          .examples = {{{"protect hydra-provisioned-7 --for 2h", "to look at this machine for two hours"},
                        {"protect hydra-provisioned-7 --off", "take that back"}}},
          .declare = command<ProtectOptions>(declare, run)};
}

}  // namespace hydra_provisioner::app
