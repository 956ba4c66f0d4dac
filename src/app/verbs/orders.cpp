#include "app/verbs/orders.hpp"

#include <algorithm>
#include <iostream>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include "app/cli/exit_status.hpp"
#include "app/cli/tag_choice.hpp"
#include "io/async/clock.hpp"
#include "io/text/local_time.hpp"
#include "pass/world.hpp"
#include "review/known_names.hpp"
#include "state/archive.hpp"
#include "state/sqlite_journal.hpp"

namespace hydra_provisioner::app {
namespace {

struct Situation {
  const Options& options;
  state::Memory memory;
  Instant now;

  // A machine, a type, or empty for everything.
  std::string whom() const { return options.arguments.empty() ? "" : options.arguments.front(); }
  std::optional<Instant> until() const { return options.span ? std::optional(now + *options.span) : std::nullopt; }
  Order order(std::int64_t value = 0) const { return {.value = value, .since = now, .until = until()}; }
  bool holds(OrderKind kind) const { return order_in_force(memory.orders, kind, whom(), now) != nullptr; }
};

// What is to be written, and what that means.
struct Ordered {
  std::map<OrderKey, std::optional<Order>> orders;
  std::string meaning;
};

std::string until_text(const Situation& at) {
  return at.options.span ? fmt::format("until {}", io::local_time(*at.until())) : "until that is taken back";
}

Expected<const Machine*> machine_in(const Situation& at) {
  const auto found = std::ranges::find(at.memory.machines, MachineId{at.whom()}, &Machine::id);
  if (found == at.memory.machines.end()) return failure(fmt::format("{} does not exist any more", at.whom()));
  return &*found;
}

// An order that would contradict one that holds.
Expected<void> check_protection(const Situation& at) {
  if (!at.holds(OrderKind::protect)) return {};
  return failure(fmt::format("{0} is protected; take that back first: hydra-provisioner protect {0} --off", at.whom()));
}

Expected<Ordered> drain(const Situation& at) {
  const auto machine = machine_in(at);
  if (!machine) return std::unexpected(machine.error());
  if (auto allowed = check_protection(at); !allowed) return std::unexpected(allowed.error());
  if (is_coming(**machine))
    return failure(
        fmt::format("{0} is {1}, and not in the machines file yet; give it up by: hydra-provisioner "
                    "destroy {0}",
                    at.whom(), to_string((*machine)->state)));
  return Ordered{{{{OrderKind::drain, at.whom()}, at.order()}},
                 fmt::format("{} leaves the machines file, and goes once it is idle", at.whom())};
}

Expected<Ordered> undrain(const Situation& at) {
  if (!at.holds(OrderKind::drain) && !at.holds(OrderKind::destroy))
    return failure(fmt::format("{} was not ordered to leave; see: hydra-provisioner explain {}", at.whom(), at.whom()));
  return Ordered{{{{OrderKind::drain, at.whom()}, std::nullopt}, {{OrderKind::destroy, at.whom()}, std::nullopt}},
                 fmt::format("{} may be used again", at.whom())};
}

Expected<Ordered> destroy(const Situation& at) {
  const auto machine = machine_in(at);
  if (!machine) return std::unexpected(machine.error());
  if (auto allowed = check_protection(at); !allowed) return std::unexpected(allowed.error());
  return Ordered{{{{OrderKind::destroy, at.whom()}, at.order()}},
                 fmt::format("{} ({}, {}) leaves the machines file, and is destroyed once nothing runs on it",
                             at.whom(), (*machine)->pool, to_string((*machine)->state))};
}

Expected<Ordered> protect(const Situation& at) {
  if (at.options.off) {
    if (!at.holds(OrderKind::protect)) return failure(fmt::format("{} is not protected", at.whom()));
    return Ordered{{{{OrderKind::protect, at.whom()}, std::nullopt}},
                   fmt::format("{} is not protected any more", at.whom())};
  }
  const auto machine = machine_in(at);
  if (!machine) return std::unexpected(machine.error());
  if (is_ordered_away(at.memory.orders, **machine, at.now))
    return failure(
        fmt::format("{0} was ordered to leave; take that back first: hydra-provisioner undrain {0}", at.whom()));
  return Ordered{{{{OrderKind::protect, at.whom()}, at.order()}},
                 fmt::format("{} is neither drained nor stopped nor destroyed, {}", at.whom(), until_text(at))};
}

std::string everything_or(const std::string& whom) { return whom.empty() ? "everything" : whom; }

Expected<Ordered> pause(const Situation& at) {
  return Ordered{{{{OrderKind::pause, at.whom()}, at.order()}},
                 fmt::format("{} is paused, {}: nothing is created, started, drained, stopped or destroyed",
                             everything_or(at.whom()), until_text(at))};
}

Expected<Ordered> resume(const Situation& at) {
  if (!at.holds(OrderKind::pause)) {
    const bool all = order_in_force(at.memory.orders, OrderKind::pause, "", at.now) != nullptr;
    return failure(fmt::format("{} is not paused{}", everything_or(at.whom()),
                               all ? ", but everything is; write: hydra-provisioner resume" : ""));
  }
  return Ordered{{{{OrderKind::pause, at.whom()}, std::nullopt}}, fmt::format("{} goes on", everything_or(at.whom()))};
}

Expected<Ordered> override_limits(const Situation& at) {
  Ordered ordered;
  if (at.options.off) {
    if (!at.holds(OrderKind::min_machines) && !at.holds(OrderKind::max_machines))
      return failure(fmt::format("{} has the limits of its configuration", at.whom()));
    ordered.orders = {{{OrderKind::min_machines, at.whom()}, std::nullopt},
                      {{OrderKind::max_machines, at.whom()}, std::nullopt}};
    ordered.meaning = fmt::format("{} has the limits of its configuration again", at.whom());
    return ordered;
  }
  std::string limits;
  for (const auto& [kind, value] : {std::pair(OrderKind::min_machines, at.options.min_machines),
                                    std::pair(OrderKind::max_machines, at.options.max_machines)}) {
    if (!value) continue;
    ordered.orders.emplace(OrderKey(kind, at.whom()), at.order(*value));
    limits += fmt::format("{}{} {}", limits.empty() ? "" : ", ", to_string(kind), *value);
  }
  ordered.meaning = fmt::format("{} has {}, {}", at.whom(), limits, until_text(at));
  return ordered;
}

Expected<Ordered> ordered_by(const Situation& at) {
  switch (at.options.verb) {
    case Verb::drain:
      return drain(at);
    case Verb::undrain:
      return undrain(at);
    case Verb::destroy:
      return destroy(at);
    case Verb::protect:
      return protect(at);
    case Verb::pause:
      return pause(at);
    case Verb::resume:
      return resume(at);
    default:
      return override_limits(at);
  }
}

// What the verb takes, and not the other of machine and type.
Expected<void> check_name(const state::Archive& archive, const Options& options) {
  if (options.arguments.empty()) return {};
  const std::string& name = options.arguments.front();
  const auto known = review::look_up(archive, name);
  if (!known) return std::unexpected(known.error());
  const bool takes_type =
      options.verb == Verb::pause || options.verb == Verb::resume || options.verb == Verb::override_limits;
  if ((*known == review::Known::type) == takes_type) return {};
  return failure(
      fmt::format("{} is a {}, and not a {}", name, takes_type ? "machine" : "type", takes_type ? "type" : "machine"));
}

std::string user_name() {
  if (const char* user = std::getenv("SUDO_USER"); user != nullptr && *user != '\0') return user;
  const passwd* entry = ::getpwuid(::geteuid());
  return entry != nullptr ? entry->pw_name : fmt::format("user {}", ::geteuid());
}

// False: somebody said no, or nobody could be asked.
bool is_confirmed(const std::string& meaning) {
  if (::isatty(STDIN_FILENO) != 1) return false;
  fmt::print(stderr, "{}. Go on? [y/N] ", meaning);
  std::fflush(stderr);
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "yes";
}

state::Changes changes_for(const Situation& at, const Ordered& ordered) {
  state::Changes changes;
  changes.orders = ordered.orders;
  const auto machine = std::ranges::find(at.memory.machines, MachineId{at.whom()}, &Machine::id);
  const bool is_machine = machine != at.memory.machines.end();
  changes.events.push_back({.time = at.now,
                            .machine = is_machine ? machine->id : MachineId{},
                            .pool = is_machine ? machine->pool : PoolName{at.whom()},
                            .kind = "ordered",
                            .reason = fmt::format("by {}: {}", user_name(), ordered.meaning)});
  return changes;
}

int wrong(const Error& error, TerminalVoice& voice) {
  voice.problem(error.message);
  return exit_status::usage;
}

int broken(const Error& error, TerminalVoice& voice) {
  voice.problem(error.message);
  return exit_status::failed;
}

}  // namespace

io::Task<int> give_order(const Options& options, TerminalVoice& voice) {
  const auto tag = choose_tag(options);
  if (!tag) co_return wrong(tag.error(), voice);
  const std::string path = state::journal_file(options.state_dir, Tag{*tag});
  const auto archive = state::Archive::open(path);
  if (!archive) co_return broken(archive.error(), voice);
  if (const auto fits = check_name(*archive, options); !fits) co_return wrong(fits.error(), voice);
  const Instant now = io::SystemClock{}.now();
  auto memory = state::SqliteJournal::look(path, now);
  if (!memory) co_return broken(memory.error(), voice);
  const Situation at{.options = options, .memory = *std::move(memory), .now = now};
  const auto ordered = ordered_by(at);
  if (!ordered) co_return wrong(ordered.error(), voice);
  if (options.verb == Verb::destroy && !options.yes && !is_confirmed(ordered->meaning))
    co_return wrong({"nothing was ordered; to go on without being asked, write --yes"}, voice);
  const auto journal = state::SqliteJournal::open(path);
  if (!journal) co_return broken(journal.error(), voice);
  if (const auto written = co_await (*journal)->commit(changes_for(at, *ordered)); !written)
    co_return broken(written.error(), voice);
  voice.note(ordered->meaning);
  co_return exit_status::done;
}

}  // namespace hydra_provisioner::app
