#include "app/verbs/verbs.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <nlohmann/json.hpp>

#include "app/cli/output.hpp"
#include "app/cli/texts.hpp"
#include "app/health.hpp"
#include "app/inputs/preview.hpp"
#include "app/status/all_tags.hpp"
#include "app/status/status_document.hpp"
#include "app/status/status_text.hpp"
#include "io/file/files.hpp"
#include "io/text/json.hpp"
#include "io/text/printable.hpp"
#include "io/text/strings.hpp"

namespace hydra_provisioner::app {
namespace {

struct StatusOptions {
  ConfigFile config;
  bool json = false;
  bool check = false;
  bool watch = false;
  bool all = false;
};

void declare(Arguments& arguments, StatusOptions& options) {
  arguments.flag("--json", options.json, "print JSON");
  arguments.flag("--check", options.check, "print one line, and exit with 0 (fine), 1 (degraded) or 2 (broken)");
  arguments.flag("--watch", options.watch, "show it again every five seconds, until Ctrl-C");
  arguments.flag("--all", options.all, "show all tags of the same database or state directory, a line each");
  declare_config(arguments, options.config);
  arguments.check([&options]() -> Expected<void> {
    if (options.watch && (options.json || options.check)) return failure("--watch does not go with --json or --check");
    if (options.all && (options.check || options.watch)) return failure("--all does not go with --check or --watch");
    return {};
  });
}

Outcome check(const std::expected<Preview, Failure>& seen) {
  const Health health = seen ? health_of(*seen) : broken_health(seen.error().problems);
  if (auto printed = print(io::printable_line(health.line) + "\n"); !printed) return printed;
  return static_cast<int>(health.grade);
}

std::string text_of(const Preview& seen, const Screen& screen) {
  return status_text({.look = seen.look,
                      .plan = seen.plan,
                      .last_pass = seen.last_pass,
                      .grade = health_of(seen).grade,
                      .interval = seen.interval,
                      .currency = seen.currency,
                      .waiting_since = seen.waiting_since},
                     screen);
}

constexpr std::chrono::seconds watch_interval{5};

// Of a text that is too long for the screen, the end is left out: how the farm is stands at the beginning.
std::string screenful(const std::string& text, const Screen& screen) {
  if (!screen.width) return text;
  const auto lines = io::lines(text);
  const std::size_t shown = std::min(lines.size(), screen.height - 1);
  return fmt::format("\033[H\033[2J{}\n",
                     fmt::join(lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(shown), "\n"));
}

io::Task<Outcome> watch(StatusOptions options, Context context) {
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
  while (true) {
    const auto seen = co_await preview(options.config, context.state_dir, context.voice);
    if (!seen) co_return std::unexpected(seen.error());
    std::string text = text_of(*seen, context.screen);
    for (const std::string& problem : seen->look.problems) text += marked_line(problem, colors::bad, context.screen);
    if (auto printed = print_painted(screenful(text, context.screen)); !printed) co_return printed;
    timer.expires_after(watch_interval);
    co_await timer.async_wait(boost::asio::use_awaitable);
  }
}

// From the journals alone.
io::Task<Outcome> show_all(StatusOptions options, Context context) {
  const auto config = co_await load(std::move(options.config));
  if (!config) co_return std::unexpected(config.error());
  if (auto own = io::expect_own_folder(context.state_dir); !own) co_return failed(own.error());
  const auto tags = all_tags(*config, context.state_dir);
  if (!tags) co_return failed(tags.error());
  co_return print_painted(options.json ? io::pretty(all_tags_document(*tags)) : all_tags_text(*tags, context.screen));
}

io::Task<Outcome> run(StatusOptions options, Context context) {
  if (options.all) co_return co_await show_all(std::move(options), std::move(context));
  if (options.watch) co_return co_await watch(std::move(options), std::move(context));
  const auto seen = co_await preview(std::move(options.config), context.state_dir, context.voice);
  if (options.check) co_return check(seen);
  if (!seen) co_return std::unexpected(seen.error());
  if (auto printed = print_painted(options.json ? io::pretty(status_document(*seen)) : text_of(*seen, context.screen));
      !printed)
    co_return printed;
  co_return outcome_of(*seen);
}

}  // namespace

Verb status_verb() {
  return {
      .name = "status",
      .section = Section::passes,
      .summary = "shows the queue and the machines",
      .description =
          "Looks at the queue and the machines as a pass does, and shows how the farm is, the orders that hold, and "
          "each machine with its state, its work, and what is to be said of it. On a terminal, machines of a large "
          "type of which the same is to be said share a line. It changes nothing. The exit status is 69 if the "
          "queue runner's status is not to be trusted; with --check it is for monitors.",
      .examples = {{{"status conf.nix --watch", "which machines are there, and what do they do?"},
                    {"status conf.nix --check", "one line for a monitor: fine, degraded or broken, and why"}}},
      .declare = command<StatusOptions>(declare, run)};
}

}  // namespace hydra_provisioner::app
