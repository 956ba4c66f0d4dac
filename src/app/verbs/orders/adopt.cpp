#include "app/verbs/verbs.hpp"

#include <optional>
#include <utility>

#include <fmt/format.h>

#include "app/inputs/journal.hpp"
#include "app/verbs/orders/order.hpp"

namespace hydra_provisioner::app {
namespace {

// It ends with the first pass that sees all machines. If none does, a later pass must not adopt what was not meant.
constexpr Seconds adoption_max{3600};

struct AdoptOptions {
  OrderTarget target;
  bool all = false;
  bool yes = false;
};

Expected<void> check(const AdoptOptions& options) {
  if (options.all != options.target.names.empty())
    return failure(options.all ? "adopt takes MACHINE or --all, and not both" : "adopt takes MACHINE or --all");
  for (const std::string& name : options.target.names) {
    if (is_pattern(name))
      return failure(fmt::format("adopt takes no pattern such as {}: write each id, or --all", name));
  }
  return {};
}

void declare(Arguments& arguments, AdoptOptions& options) {
  arguments.flag("--all", options.all, "all foreign machines");
  arguments.flag("--yes", options.yes, "do not ask");
  arguments.more_words("[MACHINE...]", into(options.target.names));
  declare_circumstances(arguments, options.target);
  arguments.check([&options] { return check(options); });
}

Expected<NewOrders> adopt(const Situation& at) {
  return NewOrders{{{{OrderKind::adopt, at.name}, at.order(adoption_max)}},
                   fmt::format("the next pass takes over {}, which the installation that made {} must not use any more",
                               at.name.empty() ? "all foreign machines" : at.name, at.name.empty() ? "them" : "it")};
}

io::Task<Outcome> run(AdoptOptions options, Context context) {
  return give_order(std::move(options.target), std::nullopt, std::move(context), adopt, !options.yes);
}

}  // namespace

Verb adopt_verb() {
  return {
      .name = "adopt",
      .section = Section::by_hand,
      .summary = "takes over machines of another installation",
      .description =
          "Machines under our tag are foreign if another installation made them, or if it is not known which one did: "
          "status and plan show them, and nothing is done with them. With this order the next pass takes "
          "over a machine, by its id or its provider's, or all of them. The installation that made them must not "
          "use them any more. It asks first.",
      .examples = {{{"adopt hydra-provisioned-7", "asks on the terminal, and takes over this machine"},
                    {"adopt --all --yes", "all of them, after the state directory was lost"}}},
      .declare = command<AdoptOptions>(declare, run)};
}

}  // namespace hydra_provisioner::app
