#include "app/verbs/verbs.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "app/verbs/orders/order.hpp"
#include "config/load.hpp"

namespace hydra_provisioner::app {
namespace {

constexpr std::int64_t machines_max = 100'000;

struct OverrideOptions {
  OrderTarget target;
  std::optional<std::int64_t> min_machines;
  std::optional<std::int64_t> max_machines;
  std::optional<Seconds> span;
  bool off = false;
};

Expected<void> check(const OverrideOptions& options) {
  const auto& [target, min, max, span, off] = options;
  if (off && (span || min || max))
    return failure("--off takes the order back; it cannot be combined with --for, --min or --max");
  if (!off && !min && !max) return failure("override takes --min, --max or both; or --off");
  if (min && max && *min > *max) return failure(fmt::format("--min {} is more than --max {}", *min, *max));
  return {};
}

void declare(Arguments& arguments, OverrideOptions& options) {
  arguments.option("--min", "NUMBER", into(options.min_machines, 0, machines_max), "instead of minMachines");
  arguments.option("--max", "NUMBER", into(options.max_machines, 0, machines_max), "instead of maxMachines");
  arguments.option("--for", "SPAN", into(options.span), "for how long: 30m, 2h, 3d; by default until it is taken back");
  arguments.flag("--off", options.off, "take the order back");
  declare_types(arguments, options.target);
  arguments.check([&options] { return check(options); });
}

// The most that the configuration, with its schedules, or an earlier order allows; none: not known.
std::optional<std::int64_t> highest_maximum(const Situation& at) {
  if (const Order* order = order_in_force(at.memory.orders, OrderKind::max_machines, at.name, at.now))
    return order->value;
  const auto recorded = std::ranges::find(at.memory.pools, PoolName{at.name}, &state::RecordedPool::name);
  if (recorded == at.memory.pools.end()) return std::nullopt;
  const auto pool = config::read_pool(at.name, recorded->settings_json);
  if (!pool) return std::nullopt;
  std::int64_t highest = pool->max_machines;
  for (const Schedule& schedule : pool->schedules) highest = std::max(highest, schedule.max_machines.value_or(0));
  return highest;
}

Expected<NewOrders> override_limits(const Situation& at, const OverrideOptions& options) {
  const auto highest = highest_maximum(at);
  if (options.min_machines && !options.max_machines && highest && *options.min_machines > *highest)
    return failure(fmt::format("--min {} is more than the maximum of {}, which is {}; give --max too",
                               *options.min_machines, at.name, *highest));
  NewOrders ordered;
  std::string limits;
  for (const auto& [kind, value] : {std::pair(OrderKind::min_machines, options.min_machines),
                                    std::pair(OrderKind::max_machines, options.max_machines)}) {
    if (!value) continue;
    ordered.orders.emplace(OrderKey(kind, at.name), at.order(options.span, *value));
    limits += fmt::format("{}{} {}", limits.empty() ? "" : ", ", to_string(kind), *value);
  }
  ordered.meaning = fmt::format("{} has {}, {}", at.name, limits, until_text(at, options.span));
  return ordered;
}

Expected<NewOrders> take_back_limits(const Situation& at) {
  if (!at.holds(OrderKind::min_machines) && !at.holds(OrderKind::max_machines))
    return failure(fmt::format("{} has the limits of its configuration", at.name));
  return NewOrders{
      {{{OrderKind::min_machines, at.name}, std::nullopt}, {{OrderKind::max_machines, at.name}, std::nullopt}},
      fmt::format("{} has the limits of its configuration again", at.name)};
}

io::Task<Outcome> run(OverrideOptions options, Context context) {
  return give_order(options.target, review::Known::type, std::move(context), [options](const Situation& at) {
    return options.off ? take_back_limits(at) : override_limits(at, options);
  });
}

}  // namespace

Verb override_verb() {
  return {.name = "override",
          .section = Section::by_hand,
          .summary = "sets other limits than the configuration's",
          .description =
              "Sets other limits for the machines of a type than the configuration and its schedules have, "
              "until it is taken back or the time is over.",
          .examples = {{{"override x86_64-linux --min 4 --max 8 --for 3d", "from 4 to 8 machines for three days"},
                        {"override x86_64-linux --off", "the limits of the configuration again"}}},
          .declare = command<OverrideOptions>(declare, run)};
}

}  // namespace hydra_provisioner::app
