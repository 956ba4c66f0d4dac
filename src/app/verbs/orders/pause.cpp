#include "app/verbs/verbs.hpp"

#include <optional>
#include <utility>

#include <fmt/format.h>

#include "app/verbs/orders/order.hpp"

namespace hydra_provisioner::app {
namespace {

struct PauseOptions {
  OrderTarget target;
  std::optional<Seconds> span;
};

void declare(Arguments& arguments, PauseOptions& options) {
  arguments.option("--for", "SPAN", into(options.span), "for how long: 30m, 2h, 3d; by default until it is taken back");
  declare_optional_types(arguments, options.target);
}

Expected<NewOrders> pause(const Situation& at, std::optional<Seconds> span) {
  return NewOrders{{{{OrderKind::pause, at.name}, at.order(span)}},
                   fmt::format("{} is paused, {}: nothing is created, started, drained, stopped or destroyed",
                               everything_or(at.name), until_text(at, span))};
}

io::Task<Outcome> run(PauseOptions options, Context context) {
  return give_order(std::move(options.target), review::Known::type, std::move(context),
                    [span = options.span](const Situation& at) { return pause(at, span); });
}

}  // namespace

Verb pause_verb() {
  return {.name = "pause",
          .section = Section::by_hand,
          .summary = "leaves the machines of a type, or all, as they are",
          .description =
              "Creates, starts, drains, stops and destroys nothing, of one type or of all, until it is taken "
              "back or the time is over. Orders about single machines are still obeyed.",
          .examples = {{{"pause x86_64-linux --for 2h", "one type for two hours"},
                        {"pause", "everything, until hydra-provisioner resume"}}},
          .declare = command<PauseOptions>(declare, run)};
}

}  // namespace hydra_provisioner::app
