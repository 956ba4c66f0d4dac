#include "app/verbs/cost.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/cli/exit_status.hpp"
#include "app/cli/output.hpp"
#include "io/text/json.hpp"
#include "review/cost.hpp"

namespace hydra_provisioner::app {
namespace {

constexpr std::int64_t hour = 3600;

}  // namespace

int tell_cost(const state::Archive& archive, const Options& options, TerminalVoice& voice) {
  const auto passes = archive.passes(Instant{});
  if (passes.empty()) {
    voice.problem(fmt::format("{}: no pass is recorded yet; run one first", archive.path()));
    return exit_status::failed;
  }
  // Usage is kept by the hour, and longer than passes.
  const Instant since =
      from_unix(to_unix(options.since.value_or(passes.back().start - Seconds{24 * hour})) / hour * hour);
  const auto costs = review::costs_of(archive.usage(since));
  const Seconds unknown = archive.unknown(since);
  const std::string text = options.json ? io::pretty(review::cost_document(costs, unknown, since))
                                        : review::cost_text(costs, unknown, since);
  return print(text, voice) ? exit_status::done : exit_status::failed;
}

}  // namespace hydra_provisioner::app
