#include "app/pages/explained.hpp"

#include <algorithm>
#include <cstddef>
#include <expected>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/pages/parts.hpp"
#include "io/text/json.hpp"
#include "io/text/local_time.hpp"
#include "io/text/printable.hpp"
#include "io/text/strings.hpp"
#include "io/text/wording.hpp"
#include "model/counted.hpp"
#include "review/explain.hpp"
#include "review/known_names.hpp"
#include "review/replay.hpp"

namespace hydra_provisioner::app::pages {
namespace {

using html::element;
using html::Markup;
using html::text;

// What is known of a name, as of the latest pass.
struct Explained {
  state::ArchivedPass pass;
  review::Explanation explanation;
  std::optional<Machine> machine{};  // as the pass saw it
};

struct Refusal {
  Failure failure;
  unsigned status;
};

Refusal no_such(Error error) { return {{{std::move(error.message)}, exit_status::usage}, not_found}; }
Refusal not_now(Error error) { return {{{std::move(error.message)}, exit_status::failed}, unavailable}; }

io::Page page_of(const Refusal& refusal, bool as_json) {
  return problem_page(refusal.failure, refusal.status, as_json);
}

// A name of the other kind is refused, too. A step type of the queue counts as a type.
std::optional<Refusal> refused(const Expected<review::Known>& known, const std::string& name, review::Known kind) {
  if (!known) return kind == review::Known::type ? std::nullopt : std::optional(no_such(known.error()));
  if (*known == kind) return std::nullopt;
  return no_such({*known == review::Known::machine ? fmt::format("{} is a machine: {}", name, url_of(MachineId{name}))
                                                   : fmt::format("{} is a type: {}", name, url_of(PoolName{name}))});
}

std::expected<Explained, Refusal> explained(const state::Archive& journal, const std::string& name,
                                            review::Known kind) {
  const auto known = review::look_up(journal, name);
  if (auto refusal = refused(known, name, kind)) return std::unexpected(*std::move(refusal));
  auto pass = review::find_pass(journal, "latest");
  if (!pass) return std::unexpected(no_such(std::move(pass.error())));
  const auto replayed = review::replay_pass(journal, *pass);
  if (!replayed) return std::unexpected(not_now(replayed.error()));
  auto explanation = review::explain(journal, name, known, *pass, *replayed);
  if (!explanation) return std::unexpected(no_such(std::move(explanation.error())));
  explanation->since = review::events_after(journal, name, *pass);
  const auto& machines = replayed->inputs.seen.machines;
  const auto machine = std::ranges::find(machines, MachineId{name}, &Machine::id);
  return Explained{*std::move(pass), *std::move(explanation),
                   machine == machines.end() ? std::nullopt : std::optional(*machine)};
}

Markup facts_of(const Machine& machine) {
  Markup facts = figure("Type", link_to(machine.pool)) + figure("Provider", text(to_string(machine.provider)));
  if (!machine.instance.text.empty()) facts += figure("Instance", text(machine.instance.text));
  if (!machine.address.empty()) facts += figure("Address", text(machine.address));
  return figures(facts + figure("Machines file", text(machine.listing.is_listed ? "listed" : "not listed")));
}

Markup as_of(const state::ArchivedPass& pass) {
  return element("p", {{"class", "quiet"}},
                 text("As of ") +
                     html::link(url_of_pass(fmt::format("{}", pass.number)), fmt::format("pass {}", pass.number)) +
                     text(", ") + time(pass.start) + text("."));
}

Markup headline(const review::Explanation& explanation) {
  Markup content;
  for (const std::string_view line : io::lines(io::with_spans(explanation.headline)))
    content += element("p", io::trimmed(line));
  if (explanation.code)
    content += element("p", {{"class", "quiet"}}, text(fmt::format("Reason: {}", to_string(*explanation.code))));
  for (const std::string& binding : explanation.binding)
    content += element("p", {{"class", "hint"}}, text(io::with_spans(binding)));
  return content;
}

Markup limits(const std::vector<review::Limit>& limits) {
  if (limits.empty()) return {};
  std::vector<Row> rows;
  rows.reserve(limits.size());
  for (const auto& [name, value, source, until] : limits)
    rows.push_back(
        {text(name), text(fmt::format("{}", value)), text(source), until ? time(*until) : text("it is changed")});
  return element("h2", "Limits") + table("Whose the limits are, and until when",
                                         {{"Limit", "name"}, {"Value", "number"}, {"Whose"}, {"Until", "when"}}, rows);
}

Markup changes(const std::vector<review::Change>& changes) {
  if (changes.empty()) return {};
  std::vector<Row> rows;
  rows.reserve(changes.size());
  for (const auto& [what, result] : changes)
    rows.push_back({text(what), result.empty() ? element("span", {{"class", "quiet"}}, text("nothing would change"))
                                               : text(io::with_spans(result))});
  return element("h2", "What would change it") +
         table("The same pass, with one thing changed", {{"If", "wide"}, {"then", "wide"}}, rows);
}

Markup events_section(std::string_view heading, const std::vector<review::Event>& of) {
  return of.empty() ? Markup() : element("h2", heading) + events(of, false);
}

Markup explained_content(std::string_view kind, const Explained& known, const Markup& plots) {
  const review::Explanation& explanation = known.explanation;
  return element("h1", fmt::format("{} {}", kind, explanation.name)) + headline(explanation) + as_of(known.pass) +
         (known.machine ? facts_of(*known.machine) : Markup()) + limits(explanation.limits) +
         changes(explanation.changes) + plots + events_section("What happened", explanation.events) +
         events_section("Since that pass", explanation.since);
}

io::Page explained_page(std::string_view kind, const Explained& known, const Markup& plots, const std::string& news,
                        bool as_json) {
  if (as_json) return json_page(io::pretty(review::explanation_document(known.explanation, known.pass)));
  return html_page(known.explanation.name, explained_content(kind, known, plots), news);
}

Row action_row(const Action& action) {
  return {link_to(action.machine),
          link_to(action.pool),
          text(to_string(action.kind)),
          text(io::with_spans(action.reason.text)),
          text(to_string(action.reason.code)),
          action.reason.until ? time(*action.reason.until) : text("-")};
}

Markup actions(const Plan& plan) {
  std::vector<Row> rows;
  std::int64_t kept = 0;
  for (const Action& action : plan.actions) {
    if (action.kind == ActionKind::keep)
      ++kept;
    else
      rows.push_back(action_row(action));
  }
  Markup content;
  if (!rows.empty())
    content += table(
        counted(std::ssize(rows), "action"),
        {{"Machine", "name"}, {"Type", "name"}, {"Action"}, {"Why", "wide"}, {"Reason", "name"}, {"Until", "when"}},
        rows);
  return content + element("p", rows.empty()
                                    ? fmt::format("Nothing to do; {} kept as they are.", counted(kept, "machine"))
                                    : fmt::format("{} kept as they are.", counted(kept, "other machine")));
}

Markup neighbours(const state::Archive& journal, std::int64_t number) {
  std::vector<Markup> items;
  for (const auto& [other, label] :
       {std::pair(number - 1, "the pass before"), std::pair(number + 1, "the pass after")}) {
    if (journal.pass(other)) items.push_back(html::link(url_of_pass(fmt::format("{}", other)), label));
  }
  return element("nav", {{"aria-label", "Passes"}}, list(items, "choices"));
}

Markup pass_content(const state::Archive& journal, const state::ArchivedPass& pass, const review::Replayed& replayed) {
  Markup content = element("h1", fmt::format("Pass {}", pass.number));
  content += element("p", time(pass.start) + text(fmt::format(", took {} s", pass.duration.count())));
  if (!pass.trouble.empty()) content += element("p", {{"class", "notice"}}, text(pass.trouble));
  content += neighbours(journal, pass.number);
  content += element("h2", "What it decided") + actions(replayed.plan);
  content += element("h2", "What it saw") + types_table(replayed.plan);
  content += element("h2", "Decided again");
  if (replayed.is_equal)
    return content +
           element("p", "This version of the program decides the same, byte for byte, from what the pass saw.");
  std::vector<Markup> differences;
  for (const std::string& difference : review::differences_from_record(replayed))
    differences.push_back(text(difference));
  return content + element("p", "Another version of this program made this pass: this one decides otherwise.") +
         list(differences);
}

}  // namespace

io::Page machine_page(const state::Archive& journal, const std::string& name, const std::string& news, bool as_json) {
  const auto known = explained(journal, name, review::Known::machine);
  if (!known) return page_of(known.error(), as_json);
  return explained_page("Machine", *known, {}, news, as_json);
}

io::Page type_page(const state::Archive& journal, const std::string& name, const std::function<Markup()>& plots,
                   const std::string& news, bool as_json) {
  const auto known = explained(journal, name, review::Known::type);
  if (!known) return page_of(known.error(), as_json);
  return explained_page("Type", *known, as_json ? Markup() : plots(), news, as_json);
}

io::Page pass_page(const state::Archive& journal, const std::string& number, bool as_json) {
  const auto pass = review::find_pass(journal, number);
  if (!pass) return page_of(no_such(pass.error()), as_json);
  const auto replayed = review::replay_pass(journal, *pass);
  if (!replayed) return page_of(not_now(replayed.error()), as_json);
  if (as_json) return json_page(io::pretty(review::replay_document(*pass, *replayed)));
  return html_page(fmt::format("Pass {}", pass->number), pass_content(journal, *pass, *replayed));
}

}  // namespace hydra_provisioner::app::pages
