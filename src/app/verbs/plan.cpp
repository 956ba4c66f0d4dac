#include "app/verbs/verbs.hpp"

#include <utility>

#include <nlohmann/json.hpp>

#include "app/cli/output.hpp"
#include "app/cli/texts.hpp"
#include "app/inputs/preview.hpp"
#include "io/text/json.hpp"
#include "model/plan.hpp"
#include "pass/documents.hpp"

namespace hydra_provisioner::app {
namespace {

struct PlanOptions {
  ConfigFile config;
  bool json = false;
  bool detailed_exit_code = false;
};

void declare(Arguments& arguments, PlanOptions& options) {
  arguments.flag("--json", options.json, "print JSON");
  arguments.flag("--detailed-exitcode", options.detailed_exit_code, "exit with 2 if there is something to do");
  declare_config(arguments, options.config);
}

io::Task<Outcome> run(PlanOptions options, Context context) {
  const auto seen = co_await preview(std::move(options.config), context.state_dir, context.voice);
  if (!seen) co_return std::unexpected(seen.error());
  const Plan& plan = seen->plan;
  const auto text = [&] { return foreign_text(seen->look.fleet, context.screen) + plan_text(plan, context.screen); };
  if (auto printed = print_painted(options.json ? io::pretty(pass::plan_document(plan)) : text()); !printed)
    co_return printed;
  const Outcome outcome = outcome_of(*seen);
  if (outcome == exit_status::done && options.detailed_exit_code && has_changes(plan)) co_return exit_status::changes;
  co_return outcome;
}

}  // namespace

Verb plan_verb() {
  return {.name = "plan",
          .section = Section::passes,
          .summary = "shows what a pass would do, and why",
          .description =
              "Looks at the queue and the machines as a pass does, and shows what a pass would decide, each "
              "decision with its reason. It changes nothing. The exit status is 69 if the queue runner's "
              "status is not to be trusted.",
          .examples = {{{"plan conf.nix", "what would a pass do now?"},
                        {"plan conf.nix --detailed-exitcode", "the exit status is 2 if there is something to do"}}},
          .declare = command<PlanOptions>(declare, run)};
}

}  // namespace hydra_provisioner::app
