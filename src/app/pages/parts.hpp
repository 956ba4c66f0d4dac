// What several pages have.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/cli/outcome.hpp"
#include "app/status/machine_note.hpp"
#include "html/markup.hpp"
#include "io/listener.hpp"
#include "model/names.hpp"
#include "model/plan.hpp"
#include "model/time.hpp"
#include "review/history.hpp"

namespace hydra_provisioner::app::pages {

inline constexpr unsigned bad_request = 400;
inline constexpr unsigned not_found = 404;
inline constexpr unsigned unavailable = 503;

// With the frame that all of them have. `news`: of the pass that the page shows, if it is kept up to date while it is
// open; empty: it stays as it is.
io::Page html_page(const std::string& title, const html::Markup& content, const std::string& news = {},
                   unsigned status = 200);
io::Page json_page(const std::string& json);
// For both: why there is no page. For programs it is what the verb prints.
io::Page problem_page(const Failure& failure, unsigned status, bool as_json);

std::string url_of(const MachineId& machine);
std::string url_of(const PoolName& pool);
std::string url_of_pass(std::string_view number);
html::Markup link_to(const MachineId& machine);
html::Markup link_to(const PoolName& pool);

html::Markup time(Instant time);
// The class in the style sheet.
std::string class_of(Condition condition);

struct Column {
  std::string_view heading;
  std::string_view kind{};  // a class of cells: `number`, `when`, `name`, `wide`; empty: none
};
using Row = std::vector<html::Markup>;  // the first cell is the row's heading
html::Markup table(std::string_view caption, const std::vector<Column>& columns, const std::vector<Row>& rows);

// What the plan says of each type, and a last column of other things.
struct LastColumn {
  Column column;
  std::function<html::Markup(const PoolPlan&)> cell;
};
html::Markup types_table(const Plan& plan, const std::optional<LastColumn>& last = {});

// `with_machines`: of several ones.
html::Markup events(const std::vector<review::Event>& events, bool with_machines);

// A value with its name, and more of it in small letters. figures() puts several of them beside each other.
html::Markup figure(std::string_view name, const html::Markup& value, std::string_view more = {});
html::Markup figures(const html::Markup& all);

// Links to variants of a page, of which one is shown.
struct Choice {
  std::string url;
  std::string_view label;
  bool is_chosen = false;
};
html::Markup choices(std::string_view name, const std::vector<Choice>& all);

html::Markup list(const std::vector<html::Markup>& items, std::string_view kind = {});

}  // namespace hydra_provisioner::app::pages
