#include "app/inputs/last_pass.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "io/async/clock.hpp"
#include "io/text/local_time.hpp"
#include "io/text/printable.hpp"
#include "io/text/wording.hpp"

namespace hydra_provisioner::app {
namespace {

constexpr Seconds usual_interval{15};

std::string maker_text(const LastPass& last) {
  std::vector<std::string> parts;
  if (last.maker) parts.push_back(described(*last.maker));
  for (const state::Standby& standby : last.standbys) parts.push_back(standby.host.name + " stands by");
  return parts.empty() ? "" : fmt::format(" ({})", fmt::join(parts, "; "));
}

}  // namespace

bool LastPass::is_overdue(Seconds interval) const {
  constexpr Seconds at_least{600};
  return ago() > std::max(at_least, interval * 4);
}

LastPass last_pass(const std::string& state_dir, const state::JournalPlace& place, Instant began,
                   std::optional<Unpublished> unpublished) {
  LastPass last = own_last_pass(state_dir, place.tag, began, std::move(unpublished));
  const auto hosts = state::hosts_of(place);
  if (!hosts || !*hosts) return last;
  const std::optional<state::Leader>& leader = (**hosts).leader;
  last.maker.reset();
  if (leader && !leader->has_lapsed)
    last.maker = LockHolder{.process = leader->host.process, .host = leader->host.name, .since = leader->since};
  last.standbys = (**hosts).standbys;
  return last;
}

LastPass own_last_pass(const std::string& state_dir, const Tag& tag, Instant began,
                       std::optional<Unpublished> unpublished) {
  return {.now = io::SystemClock{}.now(),
          .began = began,
          .maker = holder_of_lock(lock_file(state_dir, tag)),
          .unpublished = std::move(unpublished)};
}

std::optional<std::string> missing_pass_text(const LastPass& last, std::optional<Seconds> interval) {
  if (last.began == Instant{}) return last.maker ? std::nullopt : std::optional("no pass was made yet");
  if (!last.is_overdue(interval.value_or(usual_interval))) return std::nullopt;
  return fmt::format("no pass for {}{}; {}", io::span_text(last.ago()),
                     interval ? fmt::format(", interval {} s", interval->count()) : "",
                     last.maker ? "its maker hangs: " + described(*last.maker) : "nothing makes passes now");
}

std::string last_pass_text(const LastPass& last, std::optional<Seconds> interval) {
  if (const auto missing = missing_pass_text(last, interval)) return "! " + *missing;
  const std::string maker = maker_text(last);
  if (last.began == Instant{}) return "the first pass is being made" + maker;
  return fmt::format("last pass {} ago{}", io::span_text(std::max(last.ago(), Seconds{0})), maker);
}

std::string unpublished_text(const Unpublished& unpublished) {
  return fmt::format("the machines file cannot be published since {}: {}; nothing is created until it can",
                     io::local_time(unpublished.since), io::printable_line(unpublished.why));
}

void tell(const LastPass& last, act::Voice& voice) {
  if (const auto missing = missing_pass_text(last, std::nullopt)) {
    voice.warning(*missing);
  } else {
    voice.note(last_pass_text(last, std::nullopt));
  }
  if (last.unpublished) voice.warning(unpublished_text(*last.unpublished));
}

}  // namespace hydra_provisioner::app
