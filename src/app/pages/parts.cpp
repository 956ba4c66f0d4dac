#include "app/pages/parts.hpp"

#include <cstddef>
#include <cstdint>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "app/cli/help.hpp"
#include "app/cli/output.hpp"
#include "html/document.hpp"
#include "io/text/iso_time.hpp"
#include "io/text/local_time.hpp"
#include "io/text/printable.hpp"
#include "io/text/url.hpp"
#include "io/text/wording.hpp"
#include "model/counted.hpp"

namespace hydra_provisioner::app::pages {
namespace {

using html::element;
using html::literal;
using html::Markup;
using html::text;

html::Attributes of_class(std::string_view name) {
  return name.empty() ? html::Attributes{} : html::Attributes{{"class", std::string(name)}};
}

// On a narrow screen, a cell shows its column's heading.
Markup cell(const Column& column, bool is_heading, const Markup& content) {
  html::Attributes attributes = of_class(column.kind);
  if (is_heading)
    attributes.push_back({"scope", "row"});
  else
    attributes.push_back({"data-label", std::string(column.heading)});
  return element(is_heading ? "th" : "td", attributes, content);
}

Markup number(std::int64_t count) { return text(fmt::format("{}", count)); }

Markup why(const PoolPlan& pool) {
  Markup content = text(pool.explanation);
  for (const std::string& note : pool.notes)
    content += element("div", {{"class", pool.unused.empty() ? "changing" : "bad"}}, text(io::with_spans(note)));
  return content;
}

}  // namespace

io::Page html_page(const std::string& title, const Markup& content, const std::string& news, unsigned status) {
  Markup head = literal(R"(<link rel="stylesheet" href="/style.css"><link rel="icon" href="/icon.svg">)");
  if (!news.empty()) head += element("script", {{"src", "/live.js"}, {"data-shown", news}, {"defer", "defer"}});
  return io::page_of(
      "text/html; charset=utf-8",
      html::page_text(
          {.title = title + " · hydra-provisioner",
           .head = head,
           .navigation =
               literal(R"(<ul><li><a href="/">hydra-provisioner</a></li><li><a href="/#types">Types</a></li>)"
                       R"(<li><a href="/#machines">Machines</a></li>)"
                       R"(<li><a href="/#events">Events</a></li>)"
                       R"(<li><a href="/passes/latest">Latest pass</a></li>)"
                       R"(<li><a href="/simulate">Simulate</a></li><li><a href="/metrics">Metrics</a></li></ul>)"),
           .content = content,
           .footer = text(fmt::format("hydra-provisioner {}{}{}. This page only shows; to change something, use the "
                                      "command line.",
                                      HYDRA_PROVISIONER_VERSION, commit.empty() ? "" : ", ", commit))}),
      status);
}

io::Page json_page(const std::string& json) { return io::page_of("application/json", io::escaped_json(json)); }

io::Page problem_page(const Failure& failure, unsigned status, bool as_json) {
  if (as_json) return io::page_of("application/json", errors_document(failure), status);
  const std::string problem = fmt::format("{}", fmt::join(failure.problems, "; "));
  const std::string title = status == not_found ? "Not found" : "Not to be had now";
  // What is not to be had may be, after the next pass: any news are later than what this page shows.
  return html_page(title, element("h1", title) + element("p", problem), status == not_found ? "" : "none", status);
}

std::string url_of(const MachineId& machine) { return "/machines/" + io::in_url(machine.text); }
std::string url_of(const PoolName& pool) { return "/types/" + io::in_url(pool.text); }
std::string url_of_pass(std::string_view number) { return fmt::format("/passes/{}", number); }

Markup link_to(const MachineId& machine) { return html::link(url_of(machine), machine.text); }
Markup link_to(const PoolName& pool) { return html::link(url_of(pool), pool.text); }

Markup time(Instant time) { return element("time", {{"datetime", io::iso_time(time)}}, text(io::local_time(time))); }

std::string class_of(Condition condition) {
  switch (condition) {
    case Condition::good:
      return "good";
    case Condition::changing:
      return "changing";
    case Condition::bad:
      return "bad";
    case Condition::resting:
      return "resting";
  }
  return "";
}

Markup table(std::string_view caption, const std::vector<Column>& columns, const std::vector<Row>& rows) {
  Markup head;
  for (const Column& column : columns) {
    html::Attributes attributes = of_class(column.kind);
    attributes.push_back({"scope", "col"});
    head += element("th", attributes, text(column.heading));
  }
  Markup body;
  for (const Row& row : rows) {
    Markup cells;
    for (std::size_t i = 0; i < row.size(); ++i) cells += cell(columns.at(i), i == 0, row.at(i));
    body += element("tr", cells);
  }
  Markup content;
  if (!caption.empty()) content += element("caption", caption);
  content += element("thead", element("tr", head)) + element("tbody", body);
  return html::scrolling(caption, element("table", content));
}

Markup types_table(const Plan& plan, const std::optional<LastColumn>& last) {
  std::vector<Column> columns{{"Type", "name"},       {"Waiting", "number"}, {"Running", "number"},
                              {"Machines", "number"}, {"Target", "number"},  {"Why", "wide"}};
  if (last) columns.push_back(last->column);
  std::vector<Row> rows;
  for (const PoolPlan& pool : plan.pools) {
    rows.push_back({link_to(pool.name), number(pool.runnable), number(pool.running), number(pool.machines),
                    number(pool.target), why(pool)});
    if (last) rows.back().push_back(last->cell(pool));
  }
  for (const Unplaceable& steps : plan.unplaceable) {
    Row row{link_to(PoolName{steps.step_type}),
            number(steps.runnable),
            {},
            {},
            {},
            element("span", {{"class", "bad"}}, text("no configured type fits these steps"))};
    row.resize(columns.size());
    rows.push_back(std::move(row));
  }
  return table(counted(std::ssize(plan.pools), "type"), columns, rows);
}

Markup events(const std::vector<review::Event>& events, bool with_machines) {
  std::vector<Row> rows;
  for (const review::Event& event : events) {
    Row row{time(event.time)};
    if (with_machines) row.push_back(event.machine.empty() ? text("-") : link_to(MachineId{event.machine}));
    row.push_back(text(event.what));
    row.push_back(text(io::with_spans(io::printable_line(event.reason))));
    rows.push_back(std::move(row));
  }
  std::vector<Column> columns{{"Time", "when"}};
  if (with_machines) columns.push_back({"Machine", "name"});
  columns.push_back({"Event", "name"});
  columns.push_back({"Why", "wide"});
  return table("Events", columns, rows);
}

Markup figure(std::string_view name, const Markup& value, std::string_view more) {
  Markup content = value;
  if (!more.empty()) content += element("small", more);
  return element("div", element("dt", name) + element("dd", content));
}

Markup figures(const Markup& all) { return element("dl", {{"class", "figures"}}, all); }

Markup choices(std::string_view name, const std::vector<Choice>& all) {
  std::vector<Markup> items;
  for (const auto& [url, label, is_chosen] : all) {
    html::Attributes attributes{{"href", url}};
    if (is_chosen) attributes.push_back({"aria-current", "true"});
    items.push_back(element("a", attributes, text(label)));
  }
  return element("nav", {{"aria-label", std::string(name)}}, list(items, "choices"));
}

Markup list(const std::vector<Markup>& items, std::string_view kind) {
  Markup content;
  for (const Markup& item : items) content += element("li", item);
  return element("ul", of_class(kind), content);
}

}  // namespace hydra_provisioner::app::pages
