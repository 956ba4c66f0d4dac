#include "app/verbs/orders/order.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <iterator>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <fnmatch.h>
#include <unistd.h>

#include "app/inputs/journal.hpp"
#include "app/inputs/last_pass.hpp"
#include "io/async/clock.hpp"
#include "io/process/users.hpp"
#include "io/text/local_time.hpp"
#include "io/text/printable.hpp"
#include "model/counted.hpp"
#include "review/replay.hpp"

namespace hydra_provisioner::app {
namespace {

std::optional<Instant> end_of(std::optional<Seconds> span, Instant now) {
  return span ? std::optional(now + *span) : std::nullopt;
}

std::string author() {
  if (const char* user = std::getenv("SUDO_USER"); user != nullptr && *user != '\0') return user;
  return io::user_name(::geteuid());
}

struct Given {
  std::string name;
  NewOrders ordered;
};

// False if the answer is no, or if there is no terminal to ask on.
bool is_confirmed(const std::vector<Given>& all) {
  if (::isatty(STDIN_FILENO) != 1) return false;
  for (const Given& given : all)
    std::fputs(fmt::format("{}.{}", io::printable_line(given.ordered.meaning), all.size() > 1 ? "\n" : " ").c_str(),
               stderr);
  std::fputs("Go on? [y/N] ", stderr);
  std::fflush(stderr);
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "yes";
}

state::Changes changes_for(const Situation& at, const std::vector<Given>& all) {
  state::Changes changes;
  for (const auto& [name, ordered] : all) {
    changes.orders.insert(ordered.orders.begin(), ordered.orders.end());
    const auto machine = std::ranges::find(at.memory.machines, MachineId{name}, &Machine::id);
    const bool is_machine = machine != at.memory.machines.end();
    const std::string why = at.reason.empty() ? "" : fmt::format(" ({})", at.reason);
    changes.events.push_back({.time = at.now,
                              .machine = is_machine ? machine->id : MachineId{},
                              .pool = is_machine ? machine->pool : PoolName{name},
                              .kind = "ordered",
                              .reason = fmt::format("by {}: {}{}", at.author, ordered.meaning, why)});
  }
  return changes;
}

// What an order is about, and whether a pattern stands for it.
struct Subject {
  std::string name;
  bool is_matched = false;
};

std::vector<std::string> names_of_kind(const Situation& at, review::Known kind) {
  if (kind == review::Known::type) return at.archive.pools();
  std::vector<std::string> names;
  names.reserve(at.memory.machines.size());
  for (const Machine& machine : at.memory.machines) names.push_back(machine.id.text);
  return names;
}

std::expected<std::vector<Subject>, Failure> matched(const std::string& pattern, const Situation& at,
                                                     review::Known kind) {
  std::vector<Subject> subjects;
  for (std::string& name : names_of_kind(at, kind)) {
    if (::fnmatch(pattern.c_str(), name.c_str(), 0) == 0) subjects.push_back({std::move(name), true});
  }
  if (subjects.empty())
    return misused({fmt::format("no {} matches \"{}\"", kind == review::Known::type ? "type" : "machine", pattern)});
  return subjects;
}

// Each once.
std::expected<std::vector<Subject>, Failure> subjects_of(const OrderTarget& target, const Situation& at,
                                                         std::optional<review::Known> kind) {
  if (target.names.empty()) return std::vector<Subject>{{}};
  std::vector<Subject> subjects;
  for (const std::string& name : target.names) {
    std::vector<Subject> found{{name}};
    if (kind && is_pattern(name)) {
      auto all = matched(name, at, *kind);
      if (!all) return std::unexpected(std::move(all.error()));
      found = *std::move(all);
    } else if (kind) {
      if (const auto known = check_name(at.archive, name, *kind); !known) return std::unexpected(known.error());
    }
    for (Subject& subject : found) {
      if (std::ranges::find(subjects, subject.name, &Subject::name) == subjects.end())
        subjects.push_back(std::move(subject));
    }
  }
  return subjects;
}

std::expected<std::vector<Given>, Failure> orders_for(const std::vector<Subject>& subjects, Situation& at,
                                                      const Decide& decide, act::Voice& voice) {
  std::vector<Given> all;
  Failure failure{.problems = {}, .status = exit_status::usage};
  std::vector<std::string> left_out;
  for (const auto& [name, is_matched] : subjects) {
    at.name = name;
    auto ordered = decide(at);
    if (ordered) {
      all.push_back({name, *std::move(ordered)});
    } else {
      (is_matched ? left_out : failure.problems).push_back(std::move(ordered.error().message));
    }
  }
  if (all.empty()) std::ranges::move(left_out, std::back_inserter(failure.problems));
  if (!failure.problems.empty()) return std::unexpected(std::move(failure));
  for (const std::string& why : left_out) voice.note("left out: " + why);
  return all;
}

}  // namespace

bool is_pattern(const std::string& name) { return name.find_first_of("*?[") != std::string::npos; }

void declare_circumstances(Arguments& arguments, OrderTarget& target) {
  arguments.option("--reason", "TEXT", into(target.reason), "why; it is shown with the order, and in the history");
  declare_journal(arguments, target.journal);
}

void declare_machines(Arguments& arguments, OrderTarget& target) {
  arguments.words("MACHINE...", "machine", into(target.names, Names::machine));
  declare_circumstances(arguments, target);
}

void declare_asking(Arguments& arguments, AskingOptions& options) {
  arguments.flag("--yes", options.yes, "do not ask");
  declare_machines(arguments, options.target);
}

void declare_types(Arguments& arguments, OrderTarget& target) {
  arguments.words("TYPE...", "type", into(target.names, Names::type));
  declare_circumstances(arguments, target);
}

void declare_optional_types(Arguments& arguments, OrderTarget& target) {
  arguments.more_words("[TYPE...]", into(target.names, Names::type));
  declare_circumstances(arguments, target);
}

Order Situation::order(std::optional<Seconds> span, std::int64_t value) const {
  return {.value = value, .since = now, .until = end_of(span, now), .author = author, .reason = reason};
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
  return fmt::format("{} on it at {}", counted(jobs_on(*entry), "step ran", "steps ran"), io::local_time(pass->start));
}

std::string until_text(const Situation& at, std::optional<Seconds> span) {
  const auto end = end_of(span, at.now);
  return end ? fmt::format("until {}", io::local_time(*end)) : "until it is taken back";
}

std::string everything_or(const std::string& name) { return name.empty() ? "everything" : name; }

io::Task<Outcome> give_order(OrderTarget target, std::optional<review::Known> kind, Context context, Decide decide,
                             bool asks) {
  const auto opened = open_journal(context.state_dir, target.journal, target.names.empty() ? "" : target.names.front());
  if (!opened) co_return std::unexpected(opened.error());
  const state::JournalPlace& place = opened->archive.place();
  const Instant now = io::SystemClock{}.now();
  auto memory = state::look(place, now);
  if (!memory) co_return failed(memory.error());
  Situation at{.name = {},
               .memory = *std::move(memory),
               .now = now,
               .archive = opened->archive,
               .author = author(),
               .reason = target.reason};
  const auto subjects = subjects_of(target, at, kind);
  if (!subjects) co_return std::unexpected(subjects.error());
  const auto all = orders_for(*subjects, at, decide, context.voice);
  if (!all) co_return std::unexpected(all.error());
  if (asks && !is_confirmed(*all)) co_return misused({"nothing was ordered; add --yes to skip the question"});
  const auto journal = state::open_for_orders(place);
  if (!journal) co_return failed(journal.error());
  if (const auto written = co_await (*journal)->commit(changes_for(at, *all)); !written)
    co_return failed(written.error());
  for (const Given& given : *all) context.voice.note(given.ordered.meaning);
  const auto& delivery = at.memory.last_delivery;
  tell(last_pass(context.state_dir, place, at.memory.last_pass, delivery ? delivery->trouble : std::nullopt),
       context.voice);
  co_return exit_status::done;
}

}  // namespace hydra_provisioner::app
