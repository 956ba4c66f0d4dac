#include "app/verbs/recall.hpp"

#include <fmt/format.h>

#include "app/cli/exit_status.hpp"
#include "app/cli/output.hpp"
#include "app/cli/tag_choice.hpp"
#include "app/verbs/cost.hpp"
#include "app/verbs/explain.hpp"
#include "app/verbs/history.hpp"
#include "app/verbs/replay.hpp"
#include "io/file/files.hpp"
#include "review/known_names.hpp"
#include "state/archive.hpp"
#include "state/sqlite_journal.hpp"

namespace hydra_provisioner::app {
namespace {

int tell_log(const state::Archive& archive, const Options& options, TerminalVoice& voice) {
  constexpr std::size_t bytes_max = std::size_t{64} << 20;
  const std::string& name = options.arguments.front();
  const auto known = review::look_up(archive, name);
  if (!known || *known == review::Known::type) {
    voice.problem(known ? fmt::format("{} is a type, and not a machine", name) : known.error().message);
    return exit_status::usage;
  }
  const std::string path = fmt::format("{}/logs/{}.log", options.state_dir, name);
  const auto text = io::read_file(path, bytes_max);
  if (!text) {
    voice.problem(text.error().message);
    return exit_status::failed;
  }
  if (!*text) voice.note(fmt::format("{} is not there: no operation has been at work on {}", path, name));
  return print(text->value_or(""), voice) ? exit_status::done : exit_status::failed;
}

}  // namespace

io::Task<int> recall(const Options& options, TerminalVoice& voice) {
  const auto tag = choose_tag(options);
  if (!tag) {
    voice.problem(tag.error().message);
    co_return exit_status::usage;
  }
  const auto archive = state::Archive::open(state::journal_file(options.state_dir, Tag{*tag}));
  if (!archive) {
    voice.problem(archive.error().message);
    co_return exit_status::failed;
  }
  switch (options.verb) {
    case Verb::history:
      co_return tell_history(*archive, options, voice);
    case Verb::explain:
      co_return tell_explanation(*archive, options, voice);
    case Verb::cost:
      co_return tell_cost(*archive, options, voice);
    case Verb::logs:
      co_return tell_log(*archive, options, voice);
    default:
      co_return co_await tell_replay(*archive, options, voice);
  }
}

}  // namespace hydra_provisioner::app
