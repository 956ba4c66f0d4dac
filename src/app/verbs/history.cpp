#include "app/verbs/history.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/cli/exit_status.hpp"
#include "app/cli/output.hpp"
#include "io/async/clock.hpp"
#include "io/text/json.hpp"
#include "io/text/local_time.hpp"
#include "review/history.hpp"
#include "review/known_names.hpp"

namespace hydra_provisioner::app {
namespace {

constexpr Seconds usual_span{24 * 3600};

}  // namespace

int tell_history(const state::Archive& archive, const Options& options, TerminalVoice& voice) {
  const std::string name = options.arguments.empty() ? "" : options.arguments.front();
  if (const auto known = name.empty() ? Expected<review::Known>(review::Known::type) : review::look_up(archive, name);
      !known) {
    voice.problem(known.error().message);
    return exit_status::usage;
  }
  const Instant since = options.since.value_or(io::SystemClock{}.now() - usual_span);
  const auto all = review::happenings(archive, since, name);
  if (all.empty()) voice.note(fmt::format("nothing happened since {}", io::local_time(since)));
  const std::string text = options.json ? io::pretty(review::history_document(all, since)) : review::history_text(all);
  return print(text, voice) ? exit_status::done : exit_status::failed;
}

}  // namespace hydra_provisioner::app
