#include "app/verbs/verbs.hpp"

#include <utility>

#include <fmt/format.h>

#include "app/verbs/orders/order.hpp"

namespace hydra_provisioner::app {
namespace {

// No wait after failures is longer than failures_remembered.
Expected<NewOrders> retry(const Situation& at) {
  return NewOrders{{{{OrderKind::retry, at.name}, at.order(state::failures_remembered)}},
                   fmt::format("{}: what failed is tried again in the next pass", at.name)};
}

io::Task<Outcome> run_retry(OrderTarget target, Context context) {
  return give_order(std::move(target), review::Known::type, std::move(context), retry);
}

}  // namespace

Verb retry_verb() {
  return {.name = "retry",
          .section = Section::by_hand,
          .summary = "tries again at once what failed",
          .description =
              "Ends the waiting after failures, of all machines of a type: creations, starts, redeploys, stops and "
              "destructions are tried again in the next pass, and failures so far do not count. A changed "
              "configuration or specification does the same by itself.",
          .examples = {{{"retry x86_64-linux", "after the quota was raised"},
                        {"retry x86_64-linux --tag farm2", "with the journal of this tag"}}},
          .declare = command(declare_types, run_retry)};
}

}  // namespace hydra_provisioner::app
