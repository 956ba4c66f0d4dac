#include "app/verbs/explain.hpp"

#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/cli/exit_status.hpp"
#include "app/cli/output.hpp"
#include "io/text/json.hpp"
#include "review/explain.hpp"
#include "review/known_names.hpp"

namespace hydra_provisioner::app {
namespace {

Expected<state::ArchivedPass> chosen_pass(const state::Archive& archive, const Options& options) {
  return options.at ? review::find_pass(archive, *options.at) : review::find_pass(archive, "latest");
}

review::Explanation explain(const state::Archive& archive, review::Known kind, const std::string& name,
                            const state::ArchivedPass& pass, const review::Replayed& replayed) {
  if (kind == review::Known::type) return review::explain_type(PoolName{name}, replayed);
  auto events = review::happenings(archive, Instant{}, name);
  const Instant end = pass.start + pass.duration;
  std::erase_if(events, [end](const review::Happening& event) { return event.time > end; });
  return review::explain_machine(MachineId{name}, replayed, std::move(events));
}

}  // namespace

int tell_explanation(const state::Archive& archive, const Options& options, TerminalVoice& voice) {
  const std::string& name = options.arguments.front();
  const auto pass = chosen_pass(archive, options);
  const auto known = review::look_up(archive, name);
  const auto* wrong = !pass ? &pass.error() : nullptr;
  if (!known) wrong = &known.error();
  if (wrong != nullptr) {
    voice.problem(wrong->message);
    return exit_status::usage;
  }
  const auto replayed = review::replay_pass(archive, *pass);
  if (!replayed) {
    voice.problem(replayed.error().message);
    return exit_status::failed;
  }
  const review::Explanation explanation = explain(archive, *known, name, *pass, *replayed);
  if (!replayed->is_equal)
    voice.warning(fmt::format("pass {} decided otherwise: another version of this program was at work", pass->number));
  const std::string text = options.json ? io::pretty(review::explanation_document(explanation, *pass))
                                        : review::explanation_text(explanation, *pass);
  return print(text, voice) ? exit_status::done : exit_status::failed;
}

}  // namespace hydra_provisioner::app
