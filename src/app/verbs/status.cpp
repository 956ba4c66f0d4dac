#include "app/verbs/verbs.hpp"

#include <utility>

#include <nlohmann/json.hpp>

#include "app/cli/output.hpp"
#include "app/cli/texts.hpp"
#include "app/inputs/preview.hpp"
#include "io/text/json.hpp"
#include "pass/documents.hpp"

namespace hydra_provisioner::app {
namespace {

struct Options {
  ConfigFile config;
  bool json = false;
};

void declare(Arguments& arguments, Options& options) {
  arguments.flag("--json", options.json, "print JSON");
  declare_config(arguments, options.config);
}

io::Task<Outcome> run(Options options, Context context) {
  const auto seen = co_await preview(std::move(options.config), context.state_dir);
  if (!seen) co_return std::unexpected(seen.error());
  if (auto printed = print_painted(options.json ? io::pretty(pass::status_document(seen->look, seen->plan))
                                                : status_text(seen->look, seen->plan, context.color));
      !printed)
    co_return printed;
  co_return outcome_of(*seen);
}

}  // namespace

Verb status_verb() {
  return {.name = "status",
          .section = Section::passes,
          .summary = "shows the queue and the machines",
          .description =
              "Looks at the queue and the machines as a pass does, and shows each machine with its state, its "
              "address and its work, and the orders that hold. It changes nothing. The exit status is 69 if "
              "the queue runner's status is not to be trusted.",
          .examples = {{{"status conf.nix", "which machines are there, and what do they do?"},
                        {"status conf.nix --json | jq '.machines[] | {id, state}'", "the same for a script"}}},
          .declare = command(declare, run)};
}

}  // namespace hydra_provisioner::app
