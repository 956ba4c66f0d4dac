#include "app/pages/machine_list.hpp"

#include <algorithm>
#include <iterator>
#include <ranges>
#include <set>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "app/pages/parts.hpp"
#include "io/text/strings.hpp"
#include "io/text/url.hpp"
#include "model/counted.hpp"

namespace hydra_provisioner::app::pages {
namespace {

using html::element;
using html::Markup;
using html::text;

bool has(std::string_view text, const std::string& wanted_in_lower_case) {
  return io::in_lower_case(text).contains(wanted_in_lower_case);
}

bool is_wanted(const MachineRow& row, const MachineQuery& query, const std::string& wanted) {
  const Machine& machine = row.first();
  if (!query.pool.empty() && machine.pool.text != query.pool) return false;
  if (!query.state.empty() && to_string(machine.state) != query.state) return false;
  return has(machine.id.text, wanted) || has(machine.address, wanted) || has(machine.instance.text, wanted) ||
         has(row.note.text, wanted);
}

std::vector<MachineRow> found(const std::vector<MachineRow>& rows, const MachineQuery& query) {
  std::vector<MachineRow> chosen;
  const std::string wanted = io::in_lower_case(query.text);
  for (const MachineRow& row : rows) {
    if (is_wanted(row, query, wanted)) chosen.push_back(row);
  }
  return chosen;
}

std::vector<MachineRow> grouped_by_pool(const std::vector<MachineRow>& rows) {
  std::map<PoolName, std::vector<MachineRow>> pools;
  for (const MachineRow& row : rows) pools[row.first().pool].push_back(row);
  std::vector<MachineRow> all;
  for (auto& [name, of_pool] : pools) std::ranges::move(grouped(std::move(of_pool)), std::back_inserter(all));
  return all;
}

std::string url_of(const MachineQuery& query) {
  return fmt::format("/?q={}&type={}&state={}&page={}#machines", io::in_url(query.text), io::in_url(query.pool),
                     io::in_url(query.state), query.page);
}

// A group leads to the list of its machines.
Markup name_of(const MachineRow& row, const std::string& name) {
  if (!row.is_group()) return link_to(row.first().id);
  return html::link(url_of({.pool = row.first().pool.text, .state = std::string(to_string(row.first().state))}), name);
}

Row cells_of(const MachineRow& row) {
  const MachineTexts texts = texts_of(row);
  const std::string condition = class_of(row.note.condition);
  const bool is_bad = row.note.condition == Condition::bad;
  return {name_of(row, texts.name),
          link_to(row.first().pool),
          element("span", {{"class", condition}}, text(texts.state)),
          text(texts.since),
          text(texts.listed),
          text(texts.jobs),
          text(texts.idle),
          text(texts.address),
          is_bad ? element("span", {{"class", condition}}, text(texts.note)) : text(texts.note)};
}

Markup option(std::string_view value, std::string_view label, const std::string& chosen) {
  html::Attributes attributes{{"value", std::string(value)}};
  if (value == chosen) attributes.push_back({"selected", "selected"});
  return element("option", attributes, text(label));
}

Markup field(const std::string& id, std::string_view label, const Markup& input) {
  return element("div", element("label", {{"for", id}}, text(label)) + input);
}

Markup search_form(const std::vector<MachineRow>& rows, const MachineQuery& query) {
  Markup pools = option("", "all", query.pool);
  Markup states = option("", "all", query.state);
  std::set<PoolName> names;
  for (const MachineRow& row : rows) names.insert(row.first().pool);
  if (!query.pool.empty()) names.insert(PoolName{query.pool});
  for (const PoolName& name : names) pools += option(name.text, name.text, query.pool);
  for (const std::string_view state : names_of<MachineState>) states += option(state, state, query.state);
  return element("form", {{"action", "/#machines"}, {"method", "get"}, {"role", "search"}, {"aria-label", "Machines"}},
                 field("q", "Name, address or note",
                       element("input", {{"id", "q"}, {"name", "q"}, {"type", "search"}, {"value", query.text}})) +
                     field("type", "Type", element("select", {{"id", "type"}, {"name", "type"}}, pools)) +
                     field("state", "State", element("select", {{"id", "state"}, {"name", "state"}}, states)) +
                     element("div", element("button", {{"type", "submit"}}, text("Search"))));
}

Markup pages_of(std::size_t count, const MachineQuery& query) {
  const std::size_t pages = (count + rows_per_page - 1) / rows_per_page;
  if (pages <= 1) return {};
  MachineQuery other = query;
  std::vector<Markup> items;
  const auto add = [&](std::size_t page, std::string_view label) {
    other.page = page;
    items.push_back(html::link(url_of(other), label));
  };
  if (query.page > 1) add(query.page - 1, "previous");
  items.push_back(text(fmt::format("page {} of {}", query.page, pages)));
  if (query.page < pages) add(query.page + 1, "next");
  return element("nav", {{"aria-label", "Pages of machines"}}, list(items, "choices"));
}

}  // namespace

MachineQuery machine_query(const std::map<std::string, std::string>& query) {
  const auto value = [&](const char* name) {
    const auto found = query.find(name);
    return found == query.end() ? std::string() : found->second;
  };
  return {.text = std::string(io::trimmed(value("q"))),
          .pool = value("type"),
          .state = value("state"),
          .page = std::max(io::parse_number<std::size_t>(value("page")).value_or(1), std::size_t{1})};
}

Markup machine_list(const std::vector<MachineRow>& rows, const MachineQuery& query) {
  const std::vector<MachineRow> shown = query.is_search() ? found(rows, query) : grouped_by_pool(rows);
  MachineQuery actual = query;
  actual.page = std::min(query.page, std::max<std::size_t>((shown.size() + rows_per_page - 1) / rows_per_page, 1));
  std::vector<Row> cells;
  for (const MachineRow& row :
       shown | std::views::drop((actual.page - 1) * rows_per_page) | std::views::take(rows_per_page))
    cells.push_back(cells_of(row));
  const std::string count = query.is_search()
                                ? fmt::format("{} of {}", shown.size(), counted(std::ssize(rows), "machine"))
                                : counted(std::ssize(rows), "machine");
  Markup content = search_form(rows, query);
  if (cells.empty()) return content + element("p", query.is_search() ? count + " found" : "There are no machines.");
  content += table(count,
                   {{"Machine", "name"},
                    {"Type", "name"},
                    {"State"},
                    {"Since", "number"},
                    {"Listed"},
                    {"Jobs", "number"},
                    {"Idle", "number"},
                    {"Address", "name"},
                    {"Note", "wide"}},
                   cells);
  return content + pages_of(shown.size(), actual);
}

}  // namespace hydra_provisioner::app::pages
