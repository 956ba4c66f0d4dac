#include "forecast/page.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "forecast/figures.hpp"
#include "forecast/pool_plots.hpp"
#include "html/document.hpp"
#include "model/counted.hpp"

namespace hydra_provisioner::forecast {
namespace {

using html::element;
using html::Markup;

constexpr std::string_view title = "What the configuration would have meant";

Markup cell(std::string_view content) { return element("td", {{"class", "number"}}, html::text(content)); }

Markup column_heading(std::string_view content) {
  return element("th", {{"scope", "col"}, {"class", "number"}}, html::text(content));
}

Markup row_heading(std::string_view content) { return element("th", {{"scope", "row"}}, html::text(content)); }

Markup table(std::string_view name, const Markup& heading, const Markup& rows) {
  const Markup head = heading.is_empty() ? heading : element("thead", element("tr", heading));
  return html::scrolling(name, element("table", {{"class", "compact"}}, head + element("tbody", rows)));
}

Markup comparison_cells(const FigurePair& pair) {
  return cell(pair.before->text) + cell(pair.now->text) + cell(pair.change());
}

// A row for each figure.
Markup figures_table(const PoolName& pool, const std::vector<FigurePair>& pairs, bool is_comparison) {
  Markup rows;
  for (const FigurePair& pair : pairs) {
    const Figure& any = pair.any();
    rows += element("tr", row_heading(any.full_name()) + (is_comparison ? comparison_cells(pair) : cell(any.text)));
  }
  Markup heading = element("th", {{"scope", "col"}}, html::text("figure"));
  heading += is_comparison ? column_heading("old") + column_heading("new") + column_heading("change")
                           : column_heading("value");
  return table("figures of " + pool.text, heading, rows);
}

constexpr std::array main_figures{std::string_view("steps"),      std::string_view("machine-hours"),
                                  std::string_view("cost"),       std::string_view("boots"),
                                  std::string_view("wait, mean"), std::string_view("wait, p95")};

// `12.0 → 11.0`, and the change below it.
Markup overview_cell(const FigurePair& pair) {
  if (!pair.before || !pair.now || pair.before->text == pair.now->text) return cell(pair.any().text);
  return element(
      "td", {{"class", "number"}},
      html::text(fmt::format("{} → {}", pair.before->text, pair.now->text)) + element("small", pair.change()));
}

Markup overview_row(const Markup& heading, const std::vector<FigurePair>& pairs) {
  Markup row = heading;
  for (const std::string_view wanted : main_figures) {
    const auto found =
        std::ranges::find_if(pairs, [&](const FigurePair& pair) { return pair.any().full_name() == wanted; });
    row += found == pairs.end() ? cell("") : overview_cell(*found);
  }
  return element("tr", row);
}

std::vector<FigurePair> total_pairs(const PageSubject& subject) {
  const std::vector<Figure> now = figures_of_sum(total_of(subject.now), subject.now.currency);
  if (subject.before == nullptr) return pairs_of({}, now);
  return pairs_of(figures_of_sum(total_of(*subject.before), subject.before->currency), now);
}

std::string_view old_currency(const PageSubject& subject) {
  return subject.before == nullptr ? "" : std::string_view(subject.before->currency);
}

// Empty of a pool that both configurations have, or the only one.
std::string_view only_in(const PoolPair& pool, const PageSubject& subject) {
  if (subject.before == nullptr || (pool.before != nullptr && pool.now != nullptr)) return "";
  return pool.now == nullptr ? "only in the old configuration" : "only in the new configuration";
}

Markup overview_heading(const PoolPair& pool, const PageSubject& subject) {
  return element("th", {{"scope", "row"}}, html::text(pool.name.text) + element("small", only_in(pool, subject)));
}

// A row for each pool, and one for all of them.
Markup overview(const std::vector<PoolPair>& pools, const PageSubject& subject) {
  Markup heading = element("th", {{"scope", "col"}}, html::text("type"));
  for (const std::string_view name : main_figures) heading += column_heading(name);
  Markup rows;
  for (const PoolPair& pool : pools)
    rows += overview_row(overview_heading(pool, subject), pairs_of(pool, old_currency(subject), subject.now.currency));
  return element("h2", "All types") +
         table("all types", heading, rows + overview_row(row_heading("all"), total_pairs(subject)));
}

Markup notice_of(const Forecast& forecast, std::string_view which) {
  Markup notices;
  for (const Unplaceable& steps : forecast.unplaceable)
    notices += element("p", {{"class", "notice"}},
                       html::text(fmt::format("{}: no type of the {}configuration builds its {}; left out",
                                              steps.step_type, which, counted(steps.runnable, "step"))));
  return notices;
}

bool did_nothing(const PoolForecast* pool) {
  return pool == nullptr || (pool->steps == 0 && pool->unfinished == 0 && pool->boots == 0);
}

Markup section_of(const PoolPair& pool, const PageSubject& subject) {
  Markup section = element("h2", pool.name.text);
  const std::string_view only = only_in(pool, subject);
  if (!only.empty()) section += element("p", fmt::format("This type is {}.", only));
  if (did_nothing(pool.before) && did_nothing(pool.now))
    return section + element("p", {{"class", "quiet"}}, html::literal("It had no steps and no machines."));
  section += plots_of(pool, subject.before, subject.now);
  return section + figures_table(pool.name, pairs_of(pool, old_currency(subject), subject.now.currency),
                                 pool.before != nullptr && pool.now != nullptr);
}

Markup provenance(const std::vector<Fact>& facts) {
  Markup rows;
  for (const Fact& fact : facts) rows += element("tr", row_heading(fact.name) + element("td", fact.text));
  if (facts.empty()) return rows;
  return element("h2", "Where this comes from") + table("where this comes from", {}, rows);
}

}  // namespace

Markup forecast_content(const PageSubject& subject) {
  Markup content = element("h1", title);
  if (!subject.inputs.empty()) content += element("p", {{"class", "quiet"}}, html::text(subject.inputs));
  content += notice_of(subject.now, subject.before == nullptr ? "" : "new ");
  if (subject.before != nullptr) content += notice_of(*subject.before, "old ");
  const std::vector<PoolPair> pools = pools_of(subject.before, subject.now);
  if (pools.size() > 1) content += overview(pools, subject);
  for (const PoolPair& pool : pools) content += section_of(pool, subject);
  return content + provenance(subject.facts);
}

std::string forecast_page(const PageSubject& subject) {
  return html::page_text({.title = "hydra-provisioner simulate", .content = forecast_content(subject)});
}

}  // namespace hydra_provisioner::forecast
