#include "app/verbs/verbs.hpp"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/cli/output.hpp"
#include "app/cli/texts.hpp"
#include "app/health.hpp"
#include "app/inputs/preview.hpp"
#include "io/text/json.hpp"
#include "pass/documents.hpp"

namespace hydra_provisioner::app {
namespace {

struct Options {
  ConfigFile config;
  bool json = false;
  bool check = false;
};

void declare(Arguments& arguments, Options& options) {
  arguments.flag("--json", options.json, "print JSON");
  arguments.flag("--check", options.check, "print one line, and exit with 0 (fine), 1 (degraded) or 2 (broken)");
  declare_config(arguments, options.config);
}

Health health_of(const Preview& seen) {
  std::vector<std::string> problems = seen.look.problems;
  std::ranges::copy(foreign_in_use(seen.look.fleet, seen.look.seen.queue), std::back_inserter(problems));
  return app::health_of(seen.last_pass, seen.interval, seen.plan, problems);
}

Outcome check(const std::expected<Preview, Failure>& seen) {
  const Health health = seen ? health_of(*seen) : broken_health(seen.error().problems);
  if (auto printed = print(health.line + "\n"); !printed) return printed;
  return static_cast<int>(health.grade);
}

std::string text_of(const Preview& seen, bool color) {
  const LastPass& last = seen.last_pass;
  return last_pass_text(last, seen.interval) + "\n" +
         (last.unpublished ? fmt::format("! {}\n", unpublished_text(*last.unpublished)) : "") +
         status_text(seen.look, seen.plan, color);
}

io::Json document_of(const Preview& seen) {
  const LastPass& last = seen.last_pass;
  io::Json document = pass::status_document(seen.look, seen.plan);
  document["lastPass"] = last.began == Instant{} ? io::Json(nullptr) : io::Json(to_unix(last.began));
  document["passMaker"] = nullptr;
  if (last.maker)
    document["passMaker"] = {
        {"process", last.maker->process}, {"host", last.maker->host}, {"since", to_unix(last.maker->since)}};
  document["unpublished"] = nullptr;
  if (last.unpublished)
    document["unpublished"] = {{"since", to_unix(last.unpublished->since)}, {"why", last.unpublished->why}};
  return document;
}

io::Task<Outcome> run(Options options, Context context) {
  const auto seen = co_await preview(std::move(options.config), context.state_dir);
  if (options.check) co_return check(seen);
  if (!seen) co_return std::unexpected(seen.error());
  if (auto printed = print_painted(options.json ? io::pretty(document_of(*seen)) : text_of(*seen, context.color));
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
              "address and its work, and the orders that hold, and when the last pass was. It changes "
              "nothing. The exit status is 69 if the queue runner's status is not to be trusted; with --check "
              "it is for monitors.",
          .examples = {{{"status conf.nix", "which machines are there, and what do they do?"},
                        {"status conf.nix --check", "one line for a monitor: fine, degraded or broken, and why"}}},
          .declare = command(declare, run)};
}

}  // namespace hydra_provisioner::app
