#include "app/verbs/orders/order.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include "app/inputs/journal.hpp"
#include "app/inputs/last_pass.hpp"
#include "io/async/clock.hpp"
#include "io/text/local_time.hpp"
#include "io/text/printable.hpp"
#include "model/counted.hpp"
#include "review/replay.hpp"
#include "state/sqlite_journal.hpp"

namespace hydra_provisioner::app {
namespace {

std::optional<Instant> end_of(std::optional<Seconds> span, Instant now) {
  return span ? std::optional(now + *span) : std::nullopt;
}

std::string user_name() {
  if (const char* user = std::getenv("SUDO_USER"); user != nullptr && *user != '\0') return user;
  const passwd* entry = ::getpwuid(::geteuid());
  return entry != nullptr ? entry->pw_name : fmt::format("user {}", ::geteuid());
}

// False if the answer is no, or if there is no terminal to ask on.
bool is_confirmed(const std::string& meaning) {
  if (::isatty(STDIN_FILENO) != 1) return false;
  std::fputs(fmt::format("{}. Go on? [y/N] ", io::printable_line(meaning)).c_str(), stderr);
  std::fflush(stderr);
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "yes";
}

state::Changes changes_for(const Situation& at, const NewOrders& ordered) {
  state::Changes changes;
  changes.orders = ordered.orders;
  const auto machine = std::ranges::find(at.memory.machines, MachineId{at.name}, &Machine::id);
  const bool is_machine = machine != at.memory.machines.end();
  changes.events.push_back({.time = at.now,
                            .machine = is_machine ? machine->id : MachineId{},
                            .pool = is_machine ? machine->pool : PoolName{at.name},
                            .kind = "ordered",
                            .reason = fmt::format("by {}: {}", user_name(), ordered.meaning)});
  return changes;
}

}  // namespace

void declare_machine(Arguments& arguments, OrderTarget& target) {
  arguments.word("MACHINE", "machine", into(target.name));
  declare_tag(arguments, target.tag);
}

void declare_asking(Arguments& arguments, AskingOptions& options) {
  arguments.flag("--yes", options.yes, "do not ask");
  declare_machine(arguments, options.target);
}

void declare_type(Arguments& arguments, OrderTarget& target) {
  arguments.word("TYPE", "type", into(target.name));
  declare_tag(arguments, target.tag);
}

void declare_optional_type(Arguments& arguments, OrderTarget& target) {
  arguments.optional_word("[TYPE]", into(target.name));
  declare_tag(arguments, target.tag);
}

Order Situation::order(std::optional<Seconds> span, std::int64_t value) const {
  return {.value = value, .since = now, .until = end_of(span, now)};
}

Expected<const Machine*> Situation::machine() const {
  const auto found = std::ranges::find(memory.machines, MachineId{name}, &Machine::id);
  if (found == memory.machines.end()) return failure(fmt::format("{} does not exist any more", name));
  return &*found;
}

Expected<const Machine*> Situation::unprotected_machine() const {
  if (!holds(OrderKind::protect)) return machine();
  if (auto found = machine(); !found) return found;
  return failure(fmt::format("{0} is protected; take that back first: hydra-provisioner protect {0} --off", name));
}

std::string Situation::what_runs() const {
  constexpr std::string_view unknown = "it is not known what runs on it";
  const auto owner = machine();
  const auto pass = review::find_pass(archive, "latest");
  if (!owner || !pass) return std::string(unknown);
  const auto replayed = review::replay_pass(archive, *pass);
  if (!replayed || !replayed->inputs.seen.queue) return std::string(unknown);
  const QueueMachine* entry = entry_of(*replayed->inputs.seen.queue, **owner);
  if (entry == nullptr || !entry->current_jobs) return std::string(unknown);
  return fmt::format("{} on it at {}", counted(*entry->current_jobs, "step ran", "steps ran"),
                     io::local_time(pass->start));
}

std::string until_text(const Situation& at, std::optional<Seconds> span) {
  const auto end = end_of(span, at.now);
  return end ? fmt::format("until {}", io::local_time(*end)) : "until it is taken back";
}

std::string everything_or(const std::string& name) { return name.empty() ? "everything" : name; }

io::Task<Outcome> give_order(OrderTarget target, std::optional<review::Known> kind, Context context, Decide decide,
                             bool asks) {
  const auto opened = open_journal(context.state_dir, target.tag, target.name);
  if (!opened) co_return std::unexpected(opened.error());
  if (kind && !target.name.empty()) {
    if (const auto known = check_name(opened->archive, target.name, *kind); !known)
      co_return std::unexpected(known.error());
  }
  const Instant now = io::SystemClock{}.now();
  auto memory = state::SqliteJournal::look(opened->path, now);
  if (!memory) co_return failed(memory.error());
  const Situation at{.name = target.name, .memory = *std::move(memory), .now = now, .archive = opened->archive};
  const auto ordered = decide(at);
  if (!ordered) co_return misused(ordered.error());
  if (asks && !is_confirmed(ordered->meaning))
    co_return misused({"nothing was ordered; add --yes to skip the question"});
  const auto journal = state::SqliteJournal::open(opened->path);
  if (!journal) co_return failed(journal.error());
  if (const auto written = co_await (*journal)->commit(changes_for(at, *ordered)); !written)
    co_return failed(written.error());
  context.voice.note(ordered->meaning);
  const auto& delivery = at.memory.last_delivery;
  tell(last_pass(context.state_dir, opened->tag, at.memory.last_pass, delivery ? delivery->trouble : std::nullopt),
       context.voice);
  co_return exit_status::done;
}

}  // namespace hydra_provisioner::app
